"""redis-py with purekv: python with_redis_py.py PORT"""

import asyncio
import sys
import threading

import redis
import redis.asyncio

PORT = int(sys.argv[1])


def is_refused(call, error=redis.ResponseError):
    try:
        call()
    except error:
        return True
    return False


def commands(protocol):
    client = redis.Redis(port=PORT, decode_responses=True, protocol=protocol, client_name="py")
    client.flushall()
    assert client.ping() and client.client_getname() == "py"
    assert client.set("a", "1", ex=100) and client.get("a") == "1"
    assert 0 < client.ttl("a") <= 100 and client.persist("a") and client.ttl("a") == -1
    assert client.set("a", "2", nx=True) is None
    assert client.set("a", "3", xx=True, get=True) == "1"
    assert client.incr("n", 5) == 5 and client.incrbyfloat("f", 0.5) == 0.5
    assert client.mset({"b": "x", "c": "y"}) and client.mget("b", "c", "none") == ["x", "y", None]
    assert client.msetnx({"b": "1", "z": "1"}) is False and client.exists("z") == 0
    assert client.append("b", "yz") == 3 and client.getrange("b", 1, -1) == "yz"
    assert client.getex("b", px=50_000) == "xyz" and client.pttl("b") > 0
    assert client.getdel("b") == "xyz" and client.exists("b") == 0
    assert client.setbit("bits", 7, 1) == 0 and client.bitcount("bits") == 1
    assert client.rename("c", "d") and client.copy("d", "e") and client.mget("d", "e") == ["y", "y"]
    assert client.type("d") == "string" and client.dbsize() == len(client.keys("*"))
    assert client.unlink("d", "e") == 2
    assert is_refused(lambda: client.lpush("list", "x"))
    assert is_refused(lambda: client.set("a", "word") and client.incr("a"))
    assert client.info()["loading"] == 0 and client.info("server")["redis_version"]
    assert client.config_get("*")["maxmemory"] is not None
    assert client.slowlog_get() == [] or client.slowlog_reset()
    assert client.latency_latest() == []
    assert client.command_count() > 50 and "get" in {name.lower() for name in client.command()}
    assert client.client_list()[0]["name"] == "py"
    assert client.memory_usage("n") > 0 and client.time()[0] > 1_600_000_000
    with client.pipeline(transaction=False) as pipe:
        for number in range(5000):
            pipe.set(f"key:{number}", number, px=1_000_000)
        assert all(pipe.execute())
    assert len(set(client.scan_iter(match="key:*", count=500))) == 5000
    raw = redis.Redis(port=PORT, protocol=protocol)
    every_byte = bytes(range(256))
    assert raw.set(every_byte, every_byte) and raw.get(every_byte) == every_byte
    assert raw.select(0) and is_refused(lambda: raw.select(1))
    # Each thread adds by WATCH, and none is lost.
    client.set("sum", 0)

    def add():
        own = redis.Redis(port=PORT, protocol=protocol)
        for _ in range(25):
            own.transaction(lambda pipe: [value := int(pipe.get("sum")), pipe.multi(), pipe.set("sum", value + 1)], "sum")

    threads = [threading.Thread(target=add) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert client.get("sum") == "100", client.get("sum")
    # A lock by SET NX PX, given back by WATCH, since there are no scripts.
    assert client.set("lock", "mine", nx=True, px=30_000) and not client.set("lock", "yours", nx=True, px=30_000)
    client.transaction(lambda pipe: [pipe.get("lock") == "mine", pipe.multi(), pipe.delete("lock")], "lock")
    assert client.set("lock", "yours", nx=True, px=30_000)
    # A connection that is killed is made again.
    retrying = redis.Redis(port=PORT, protocol=protocol, retry=redis.retry.Retry(redis.backoff.NoBackoff(), 3))
    number = retrying.client_id()
    assert client.client_kill_filter(_id=number) == 1
    assert retrying.ping() and retrying.client_id() != number


async def asynchronous(protocol):
    client = redis.asyncio.Redis(port=PORT, protocol=protocol, decode_responses=True)
    await client.flushall()
    added = await asyncio.gather(*(client.incr("n") for _ in range(90)))
    assert sorted(added) == list(range(1, 91))
    async with client.pipeline(transaction=True) as pipe:
        assert await pipe.set("a", "1").get("a").incr("a").execute() == [True, "1", 2]
    assert [key async for key in client.scan_iter("a*")] == ["a"]
    await client.aclose()


for protocol in 2, 3:
    commands(protocol)
    asyncio.run(asynchronous(protocol))
print(f"redis-py {redis.__version__}: passed")
