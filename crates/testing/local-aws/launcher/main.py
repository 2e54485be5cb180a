"""Starts MiniStack as the local AWS of this project, and stops it with everything it started.

Run by the crate `local-aws`, which hands over a clean environment:

    GATEWAY_PORT               the port to listen on, on the loopback interface only
    LOCAL_FUNCTION_ENDPOINT    where the functions send their AWS calls; this server, unless
                               something (a fault proxy, for instance) is put between
    LOCAL_RUN_DIR              a private folder for everything that is written; removed at the end

The server stops when its standard input ends, so that it never outlives its parent, and on SIGTERM
and SIGINT.
"""

import asyncio
import logging
import os
import shutil
import signal
import sys
import threading

MINISTACK_VERSION = "1.5.33"
# Longer than a clean stop ever took; after it, the process ends without manners.
STOP_DEADLINE_SECONDS = 30.0


def prepare_environment() -> None:
    """Settings that MiniStack reads when it is imported, so they come before its first import."""
    port = os.environ["GATEWAY_PORT"]
    run_dir = os.environ["LOCAL_RUN_DIR"]
    own_endpoint = f"http://127.0.0.1:{port}"
    folders = {"TMPDIR": "tmp", "STATE_DIR": "state", "S3_DATA_DIR": "s3", "HOME": "home"}
    for variable, name in folders.items():
        folder = os.path.join(run_dir, name)
        os.makedirs(folder, exist_ok=True)
        os.environ[variable] = folder
    os.environ.update(
        AUTH="true",
        BIND_HOST="127.0.0.1",
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        # As on AWS; the emulator would take a guess from the memory that is there.
        LAMBDA_ACCOUNT_CONCURRENCY="1000",
        AWS_ENDPOINT_URL=os.environ.get("LOCAL_FUNCTION_ENDPOINT") or own_endpoint,
    )


def refuse_other_versions() -> None:
    """The launcher reaches into private names, which only hold for the version it was written for."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        found = version("ministack")
    except PackageNotFoundError:
        sys.exit("the emulator is not installed in this environment: run `make setup`")
    if found != MINISTACK_VERSION:
        sys.exit(
            f"the emulator is ministack {found}, but the launcher is written for "
            f"{MINISTACK_VERSION}: run `make setup`"
        )


def raise_open_files_limit() -> None:
    """A burst of functions needs more sockets than the usual soft limit allows."""
    try:
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != hard:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ImportError, ValueError, OSError) as error:
        logging.getLogger("launcher").info("the limit of open files stays as it is: %s", error)


def stop_functions() -> None:
    """Ends every function's process and forgets its unpacked code."""
    from ministack.services import lambda_svc

    lambda_svc.reset()


def leave(code: int) -> None:
    """Ends the process at once: executions that still wait would hold a normal exit for days."""
    try:
        stop_functions()
    finally:
        shutil.rmtree(os.environ["LOCAL_RUN_DIR"], ignore_errors=True)
        logging.shutdown()
        os._exit(code)


async def serve() -> None:
    """Serves until standard input ends or a signal asks for the end."""
    from hypercorn.asyncio import serve as hypercorn_serve
    from hypercorn.config import Config

    import control

    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def request_stop() -> None:
        if not stop.is_set():
            stop.set()
            deadline = threading.Timer(STOP_DEADLINE_SECONDS, leave, args=(1,))
            deadline.daemon = True
            deadline.start()

    def stop_at_end_of_input() -> None:
        while os.read(0, 4096):
            pass
        loop.call_soon_threadsafe(request_stop)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, request_stop)
    threading.Thread(target=stop_at_end_of_input, daemon=True, name="end-of-input").start()

    config = Config()
    config.bind = [f"127.0.0.1:{os.environ['GATEWAY_PORT']}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.2
    config.loglevel = os.environ.get("LOG_LEVEL", "INFO")
    await hypercorn_serve(control.application(), config, shutdown_trigger=stop.wait)


def main() -> None:
    prepare_environment()
    refuse_other_versions()
    raise_open_files_limit()

    import account_pages
    import capacity
    import cloudtrail
    import executions
    import gaps
    import integrations
    import redrive
    import schedules
    from private_names import MissingName

    try:
        gaps.close_all()
        account_pages.attach()
        integrations.attach()
        executions.attach()
        schedules.attach()
        redrive.attach()
        capacity.attach()
        cloudtrail.attach()
    except MissingName as missing:
        sys.exit(str(missing))
    asyncio.run(serve())
    leave(0)


if __name__ == "__main__":
    main()
