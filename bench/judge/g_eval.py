"""G-Eval of DeepEval on the same questions and answers, asked of the same local judge: cases a second. Usage: g_eval.py URL CASES CONCURRENCY"""
import asyncio
import sys
import time

from deepeval.metrics import GEval
from deepeval.models import OpenAIModel
from deepeval.test_case import LLMTestCase, SingleTurnParams

url, cases, concurrency = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
model = OpenAIModel(model="gpt-4o", api_key="none", base_url=url)


def case(index: int) -> LLMTestCase:
    return LLMTestCase(
        input=f"Where is my parcel? It is number {100000 + index}, and I have been waiting for it since Tuesday.",
        actual_output=f"Your parcel with the number {100000 + index} left our warehouse this morning and should reach you in two days. "
        + "Please keep the number at hand when you call us. " * 8,
    )


async def judge(test_case: LLMTestCase, room: asyncio.Semaphore) -> None:
    async with room:
        metric = GEval(
            name="Helpful",
            evaluation_steps=["5: solved, and the customer can verify it", "1: not solved, or wrong"],
            evaluation_params=[SingleTurnParams.INPUT, SingleTurnParams.ACTUAL_OUTPUT],
            model=model,
        )
        await metric.a_measure(test_case, _show_indicator=False)


async def run(numbers: range) -> float:
    room = asyncio.Semaphore(concurrency)
    started = time.perf_counter()
    await asyncio.gather(*(judge(case(index), room) for index in numbers))
    return len(numbers) / (time.perf_counter() - started)


asyncio.run(run(range(concurrency)))
print(asyncio.run(run(range(concurrency, concurrency + cases))))
