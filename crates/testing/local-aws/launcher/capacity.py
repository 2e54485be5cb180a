"""Keeps a small machine from turning load into failures that AWS would not have.

AWS runs a thousand functions at once on machines of their own. Here they share a few processors with
the emulator: without limits, a function's timeout passes before the function gets the processor.
"""

import os
import threading
import time

from jsonata import timebox
from ministack.services import lambda_svc, stepfunctions
from private_names import need, replace

# Further functions wait for their turn, before their time begins to run.
FUNCTIONS_AT_ONCE = max(16, 8 * (os.cpu_count() or 1))


def attach() -> None:
    """Sets the limits; raises MissingName when the emulator is not the expected one."""
    let_functions_wait_for_their_turn()
    name_the_limit_of_functions_at_once()
    count_the_time_of_expressions_by_the_processor()


def let_functions_wait_for_their_turn() -> None:
    """Bounds the processes of functions that work at the same moment."""
    places = threading.BoundedSemaphore(FUNCTIONS_AT_ONCE)

    def execute(function, event, request_id):
        with places:
            return original(function, event, request_id)

    original = replace(lambda_svc, "_execute_function_provided_warm", execute)


def name_the_limit_of_functions_at_once() -> None:
    """Gives a state the error that AWS gives it when too many functions run at once.

    MiniStack calls it `Lambda.Unknown`; AWS calls it as the Lambda API does (AWS Step Functions
    Developer Guide, "Handling errors in Step Functions workflows").
    """
    failure = need(stepfunctions, "_ExecutionError")

    def call(function, event):
        try:
            return original(function, event)
        except failure as error:
            if error.error == "Lambda.Unknown" and "ConcurrentInvocationLimitExceeded" in error.cause:
                raise failure("Lambda.TooManyRequestsException", error.cause) from None
            raise

    original = replace(stepfunctions, "_call_lambda", call)


def count_the_time_of_expressions_by_the_processor() -> None:
    """Lets the second that AWS gives a JSONata expression pass only while it is being evaluated."""
    limit = need(timebox, "Timebox")

    class OwnTime(limit):
        def __init__(self, *arguments):
            self.begun = time.thread_time()
            super().__init__(*arguments)

        def check_runaway(self):
            used = round((time.thread_time() - self.begun) * 1000)
            self.time = self.current_milli_time() - used
            super().check_runaway()

    replace(timebox, "Timebox", OwnTime)
