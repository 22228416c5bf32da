// ioredis and node-redis with purekv: node with_node.mjs PORT
import assert from "node:assert/strict";
import { createRequire } from "node:module";

// Where they are installed is said by NODE_PATH, which imports do not look at.
const require = createRequire(import.meta.url);
const port = Number(process.argv[2]);

async function ioredis() {
    const Redis = require("ioredis");
    const client = new Redis({ port, connectionName: "io" });
    await client.flushall();
    assert.equal(await client.set("a", "1", "EX", 100), "OK");
    assert.equal(await client.get("a"), "1");
    assert.equal(await client.client("GETNAME"), "io");
    assert.deepEqual(await client.mget("a", "none"), ["1", null]);
    const pipe = client.pipeline();
    for (let number = 0; number < 2000; number += 1) pipe.set(`key:${number}`, number);
    assert.ok((await pipe.exec()).every(([error, reply]) => error === null && reply === "OK"));
    const found = new Set();
    for await (const keys of client.scanStream({ match: "key:*", count: 300 })) keys.forEach((key) => found.add(key));
    assert.equal(found.size, 2000);
    assert.deepEqual(await client.multi().incr("n").get("n").exec(), [[null, 1], [null, "1"]]);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    await client.set("bytes", bytes);
    assert.deepEqual(await client.getBuffer("bytes"), bytes);
    await assert.rejects(client.lpush("list", "x"), /unknown command/);
    // It comes again when it is sent away.
    const before = await client.client("ID");
    const other = new Redis({ port });
    assert.equal(await other.client("KILL", "ID", before), 1);
    assert.notEqual(await client.client("ID"), before);
    await Promise.all([client.quit(), other.quit()]);
    console.log(`ioredis ${require("ioredis/package.json").version}: passed`);
}

async function nodeRedis() {
    const { createClient } = require("redis");
    for (const RESP of [2, 3]) {
        const client = createClient({ socket: { port, host: "127.0.0.1" }, RESP, name: "node" });
        await client.connect();
        await client.flushAll();
        assert.equal(await client.set("a", "1", { EX: 100 }), "OK");
        assert.equal(await client.get("a"), "1");
        assert.equal(await client.clientGetName(), "node");
        assert.deepEqual(await client.mGet(["a", "none"]), ["1", null]);
        const replies = await Promise.all(Array.from({ length: 2000 }, (_, number) => client.set(`key:${number}`, `${number}`)));
        assert.ok(replies.every((reply) => reply === "OK"));
        const found = new Set();
        for await (const keys of client.scanIterator({ MATCH: "key:*", COUNT: 300 })) keys.forEach((key) => found.add(key));
        assert.equal(found.size, 2000);
        assert.deepEqual(await client.multi().incr("n").get("n").exec(), [1, "1"]);
        assert.equal((await client.configGet("maxmemory")).maxmemory, "0");
        await assert.rejects(client.lPush("list", "x"), /unknown command/);
        await client.close();
    }
    console.log(`node-redis ${require("redis/package.json").version}: passed`);
}

await ioredis();
await nodeRedis();
