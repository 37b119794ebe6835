-- disk
BACKUP TABLE assay.spans TO Disk('backups', '2026-11-21/spans-1') SETTINGS id = 'assay-1' ASYNC
RESTORE TABLE assay.spans FROM Disk('backups', '2026-11-21/spans-1') SETTINGS id = 'assay-1' ASYNC
-- S3 by the server's role
BACKUP TABLE assay.spans TO S3('https://acme.s3.eu-west-1.amazonaws.com/assay/2026-11-21/spans-1') SETTINGS id = 'assay-1' ASYNC
RESTORE TABLE assay.spans FROM S3('https://acme.s3.eu-west-1.amazonaws.com/assay/2026-11-21/spans-1') SETTINGS id = 'assay-1' ASYNC
-- S3 by a key
BACKUP TABLE assay.spans TO S3('https://acme.s3.amazonaws.com/assay/2026-11-21/spans-1', 'AKIA', 'it\'s \\secret') SETTINGS id = 'assay-1' ASYNC
RESTORE TABLE assay.spans FROM S3('https://acme.s3.amazonaws.com/assay/2026-11-21/spans-1', 'AKIA', 'it\'s \\secret') SETTINGS id = 'assay-1' ASYNC
-- MinIO, of a cluster
BACKUP TABLE assay.spans_local, TABLE assay.spans ON CLUSTER 'o\'ne' TO S3('http://minio:9000/acme/a/spans-1', 'AKIA', 'it\'s \\secret') SETTINGS id = 'assay-1' ASYNC
RESTORE TABLE assay.spans_local, TABLE assay.spans ON CLUSTER 'o\'ne' FROM S3('http://minio:9000/acme/a/spans-1', 'AKIA', 'it\'s \\secret') SETTINGS id = 'assay-1' ASYNC
