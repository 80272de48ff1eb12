"""
What a Python programmer would write: script.py URL KEY FOLDER.

Every FOLDER/*.txt is sent, asked for, fetched, and made durable in FOLDER/out/: the file, and its name in the
folder.  One process for each CPU, each with WIDTH prompts at once over kept connections, fsync in threads.
"""

import asyncio
import glob
import multiprocessing
import os
import sys

import aiohttp

WIDTH = 64


def keep(path, data):
    with open(path + '.part', 'wb') as f:
        f.write(data)
        f.flush()
        os.fsync(f.fileno())
    os.rename(path + '.part', path)
    folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(folder)
    os.close(folder)


async def make(session, results, api, path, out):
    with open(path) as f:
        order = {'model': 'gemini-3.1-flash-image-preview', 'prompt': f.read(), 'n': 1}
    async with session.post(api, json=order) as reply:
        task = await reply.json()
    while True:
        async with session.get(f'{api}/{task["id"]}') as reply:
            task = await reply.json()
        if task['status'] == 'completed':
            break
        if task['status'] == 'failed':
            raise SystemExit(f'{path}: {task}')
        await asyncio.sleep(0.1)
    async with results.get(task['result']['data'][0]['url']) as reply:
        data = await reply.read()
    await asyncio.get_running_loop().run_in_executor(None, keep, out, data)


async def all_of(url, key, folder, paths):
    def session_with(headers):
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=WIDTH), raise_for_status=True, headers=headers)

    # The results' host is another one, which does not get the key.
    async with session_with({'Authorization': f'Bearer {key}'}) as session, session_with({}) as results:
        queue = iter(paths)

        async def worker():
            for path in queue:
                name = os.path.basename(path)[:-4]
                await make(session, results, f'{url}/v1/images/generations', path, f'{folder}/out/{name}.png')

        await asyncio.gather(*(worker() for _ in range(WIDTH)))


def share(arguments):
    asyncio.run(all_of(*arguments))


def main():
    url, key, folder = sys.argv[1:]
    paths, cpus = sorted(glob.glob(f'{folder}/*.txt')), os.cpu_count()
    with multiprocessing.Pool(cpus) as pool:
        pool.map(share, [(url, key, folder, paths[i::cpus]) for i in range(cpus)])


if __name__ == '__main__':
    main()
