"""Rows in which pictures are made: batch, ceiling, submit, fan-in, growth, polling, big replies."""

import contextlib
import json
import os
import resource
import shutil
import socket
import subprocess
import threading
import time
import urllib.request

import world
from world import Failed, KEY, number, run, tool, until

CANNED = ('--canned', '--time', '0', '--submit-rpm', '0', '--query-rpm', '0', '--log-size', '100')
OPTIONS = 'provider=sandbox,settle=0,budget=none'


def config(url, in_flight=64):
    """A provider that is asked at once and as often as one likes."""
    return (f'[provider sandbox]\nurl = {url}\nfirst-look = 0\npoll-min = 0.05\npoll-max = 1\n'
            f'in-flight = {in_flight}\n')


def prompts(folder, count, word):
    os.makedirs(folder)
    for i in range(count):
        with open(f'{folder}/p{i}.txt', 'w') as f:
            f.write(f'{word}, picture number {i}\n')


def completed(mount):
    return int(mount.stats()['jobs-completed'])


def make_all(world_, name, count, sandbox, **mount):
    """Copies so many new prompts into a new mount: seconds until the last picture is durable, and CPU seconds."""
    folder = world_.path(name + '-prompts')
    prompts(folder, count, name)
    m = world_.mount(name, OPTIONS, config=config(sandbox.url), **mount)
    cpu, begun = m.cpu(), time.monotonic()
    run('cp', '-r', folder, m.path + '/batch')
    until('the batch', 600, lambda: completed(m) >= count)
    took, cpu = time.monotonic() - begun, m.cpu() - cpu
    made = len(os.listdir(f'{m.path}/out/batch'))
    if made != count:
        raise Failed(f'{made} of {count} pictures')
    world_.end(m)
    shutil.rmtree(m.source)
    shutil.rmtree(folder)
    return took, cpu


class Batch:
    """Prompts that are copied in, until the last picture is durable in out/."""
    name = 'batch'
    figures = [
        # name, of the measured values of one round, at least or at most, limit, limit of the quick run
        ('xargs with curl and jq', lambda v: v['easelfs'] / v['xargs'], '>=', 15, 8),
        ('curl --parallel', lambda v: v['easelfs'] / v['parallel'], None, None, None),
        ('aiohttp', lambda v: v['easelfs'] / v['aiohttp'], '>=', 2, 1),
        ('CPU against aiohttp', lambda v: v['easelfs cpu'] / v['aiohttp cpu'], '<=', 0.5, 0.8),
    ]
    unit = 'pictures/s; CPU: seconds per 1,000'

    def begin(self, w, quick):
        self.world, self.round_no = w, 0
        self.count, self.few = (500, 50) if quick else (5000, 500)
        self.sandbox = w.sandbox(*CANNED)

    def _rival(self, name, count, argv):
        folder = self.world.path(name)
        prompts(folder, count, f'{name} {self.round_no}')
        os.makedirs(f'{folder}/out')
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        run(*argv, self.sandbox.url, KEY, folder)
        took, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        made = sum(n.endswith('.png') for n in os.listdir(f'{folder}/out'))
        if made != count:
            raise Failed(f'{name}: {made} of {count} pictures')
        shutil.rmtree(folder)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return {name: count / took, f'{name} cpu': cpu / count * 1000}

    def round(self):
        self.round_no += 1
        rivals = os.path.join(world.HERE, 'rivals')
        took, cpu = make_all(self.world, f'batch{self.round_no}', self.count, self.sandbox)
        values = {'easelfs': self.count / took, 'easelfs cpu': cpu / self.count * 1000}
        values |= self._rival('aiohttp', self.count, ['/usr/bin/python3', f'{rivals}/script.py'])
        values |= self._rival('xargs', self.few, [
            'sh', '-c', 'ls "$3" | sed -n "s/[.]txt$//p" | xargs -P 16 -n 1 "$0" "$1" "$2" "$3"', f'{rivals}/each'])
        values |= self._rival('parallel', self.few, [f'{rivals}/parallel'])
        return values


class Ceiling:
    """Requests a second against what wrk gets of the sandbox; also with a daemon that keeps and syncs nothing."""
    name = 'ceiling'
    figures = [
        ('as it is', lambda v: v['easelfs'] / v['wrk'], '>=', 0.15, 0.08),
        ('without journal and syncing', lambda v: v['nothing'] / v['wrk'], '>=', 0.5, 0.2),
    ]
    unit = 'requests/s'

    def begin(self, w, quick):
        self.world, self.round_no = w, 0
        self.count, self.seconds = (500, '1s') if quick else (5000, '4s')
        self.sandbox = w.sandbox(*CANNED)

    def _wrk(self, *argv, **env):
        out = run('wrk', '-t1', '-c64', '-d', self.seconds, *argv, env=dict(self.world.environment, **env))
        return float(out.split('Requests/sec:')[1].split()[0])

    def round(self):
        self.round_no += 1
        took, _ = make_all(self.world, f'ceiling{self.round_no}', self.count, self.sandbox)
        values = {'easelfs': 3 * self.count / took}
        took, _ = make_all(self.world, f'nothing{self.round_no}', self.count, self.sandbox,
                           program=tool('easelfs-nothing'))
        values['nothing'] = 3 * self.count / took
        task = self.sandbox.control('tasks')[-1]['id']
        script = os.path.join(world.HERE, 'rivals/mix.lua')
        # Two of three requests go to the API, one for the picture to another port: the time of all three together.
        api = self._wrk('-s', script, self.sandbox.url, KEY=KEY, TASK=task)
        results = self._wrk(self._result_url(task))
        values['wrk'] = 3 / (2 / api + 1 / results)
        return values

    def _result_url(self, task):
        request = urllib.request.Request(f'{self.sandbox.url}/v1/images/generations/{task}',
                                         headers={'Authorization': f'Bearer {KEY}'})
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.load(reply)['result']['data'][0]['url']


class Sink:
    """A provider that notes when the first bytes of each submit came, and fails every task."""

    def __init__(self):
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        self.came = []
        self.news = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self.socket.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        data = b''
        with connection, contextlib.suppress(ConnectionError):
            while True:
                first = not data
                piece = connection.recv(65536)
                at = time.monotonic()
                if not piece:
                    return
                data += piece
                if first and data.startswith(b'POST'):
                    self.came.append(at)
                    self.news.set()
                head, _, body = data.partition(b'\r\n\r\n')
                length = 0
                for line in head.split(b'\r\n'):
                    if line.lower().startswith(b'content-length:'):
                        length = int(line.split(b':')[1])
                if b'\r\n\r\n' not in data or len(body) < length:
                    continue
                word = b'queued' if data.startswith(b'POST') else b'failed'
                reply = b'{"id":"task_1","object":"generation.task","status":"' + word + b'"}'
                connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s'
                                   % (len(reply), reply))
                data = b''

    def next(self):
        """When the next submit comes; call before what causes it is done."""
        self.news.clear()

        def wait(seconds=20):
            if not self.news.wait(seconds):
                raise Failed('no request came')
            return self.came[-1]
        return wait


class Submit:
    """From close(2) of a prompt to its first bytes at the provider."""
    name = 'submit'
    figures = [
        ('warm, over 1 ms and two fdatasync', lambda v: v['warm'] / (1 + 2 * v['fdatasync']), '<=', 1, 2),
        ('cold, against curl', lambda v: v['cold'] / v['curl'], '<=', 0.5, 1),
    ]
    unit = 'ms (medians; warm p99)'

    def begin(self, w, quick):
        self.world, self.round_no = w, 0
        self.count, self.colds = (20, 3) if quick else (100, 8)
        self.sink = Sink()

    def _save(self, mount, n):
        wait = self.sink.next()
        with open(f'{mount.path}/p{n}.txt', 'w') as f:
            f.write(f'prompt {self.round_no} {n}\n')
        closed = time.monotonic()
        return (wait() - closed) * 1e3

    def _mount(self, name):
        m = self.world.mount(name, OPTIONS, config=config(f'http://127.0.0.1:{self.sink.port}'))
        with open(f'{m.path}/.defaults', 'w') as f:
            f.write('model: nano-banana-2\n')
        time.sleep(0.3)
        return m

    def _end(self, m):
        self.world.end(m)
        shutil.rmtree(m.source)

    def _fdatasync(self):
        took = []
        with open(self.world.path('synced'), 'wb', buffering=0) as f:
            for _ in range(self.count):
                f.write(b'x' * 4096)
                begun = time.monotonic()
                os.fdatasync(f.fileno())
                took.append((time.monotonic() - begun) * 1e3)
        return median(took)

    def _curl(self):
        wait = self.sink.next()
        begun = time.monotonic()
        run('curl', '-sS', '-H', f'Authorization: Bearer {KEY}', '-H', 'Content-Type: application/json', '--data',
            '{"prompt":"cold"}', f'http://127.0.0.1:{self.sink.port}/v1/images/generations')
        return (wait() - begun) * 1e3

    def round(self):
        self.round_no += 1
        m = self._mount('warm')
        self._save(m, 'first')
        warm = []
        for n in range(self.count):
            time.sleep(0.02)      # idle again
            warm.append(self._save(m, n))
        self._end(m)
        cold, curl = [], []
        for n in range(self.colds):
            m = self._mount(f'cold{n}')
            cold.append(self._save(m, n))
            self._end(m)
            curl.append(self._curl())
        return {'warm': median(warm), 'warm p99': sorted(warm)[int(len(warm) * 0.99)], 'fdatasync': self._fdatasync(),
                'cold': median(cold), 'curl': median(curl)}


class FanIn:
    """Readers that wait for a picture: from its last byte to the last return of open(2)."""
    name = 'fan-in'
    figures = [('1,000 readers later than one', lambda v: v['thousand'] - v['one'], '<=', 100, 300)]
    unit = 'ms'

    def begin(self, w, quick):
        self.world, self.round_no, self.many = w, 0, 1000
        self.sandbox = w.sandbox('--canned', '--time', '3600', '--submit-rpm', '0', '--query-rpm', '0')
        self.mount = w.mount('fan', OPTIONS, config=config(self.sandbox.url))

    def _wait(self, count):
        name = f'reader-{self.round_no}-{count}'
        with open(f'{self.mount.path}/{name}.txt', 'w') as f:
            f.write(f'{name}\n')
        readers = subprocess.Popen([tool('waiting'), f'{self.mount.path}/wait/{name}', str(count)],
                                   stdout=subprocess.PIPE, text=True)
        if readers.stdout.readline() != 'ready\n':
            raise Failed('the readers did not come')
        until('the submit', 20, lambda: self.sandbox.control('bill?tasks=0')['under_way'])
        self.sandbox.control('finish', {'all': True})
        out, _ = readers.communicate(timeout=60)
        if readers.returncode != 0:
            raise Failed(f'a reader failed: {out}')
        came = [r for r in self.sandbox.control('requests') if r['listener'] == 'results'][-1]['arrived_ms']
        return float(out.split()[1]) - came

    def round(self):
        self.round_no += 1
        return {'one': self._wait(1), 'thousand': self._wait(self.many)}


class Growth:
    """What a queued job takes of memory, and a running one of the processor, as they become more."""
    name = 'growth'
    figures = [
        ('KB per queued job, 1,000', lambda v: v['KB at 1000'], '<=', 1.5, 3),
        ('KB per queued job, 10,000', lambda v: v['KB at 10000'], '<=', 1.5, 3),
        ('CPU per running job, 1,000 against 100', lambda v: v['CPU at 1000'] / v['CPU at 100'], '<=', 1.5, 3),
    ]
    unit = 'KB; CPU ms a minute and job'

    def begin(self, w, quick):
        self.world, self.round_no, self.seconds = w, 0, 4 if quick else 20
        self.counts = (100, 1000) if quick else (100, 1000, 10000)
        if quick:
            self.figures = [f for f in self.figures if '10,000' not in f[0]]

    def _mount(self, sandbox, in_flight):
        conf = (f'[provider sandbox]\nurl = {sandbox.url}\nfirst-look = 5\npoll-min = 5\npoll-max = 60\n'
                f'in-flight = {in_flight}\n')
        return self.world.mount(f'growth{self.round_no}', OPTIONS, config=conf)

    def _queued(self, sandbox, count):
        """KB for each of so many that wait behind the first."""
        m = self._mount(sandbox, 1)
        with open(f'{m.path}/first.txt', 'w') as f:
            f.write(f'first {self.round_no}\n')
        until('the first submit', 20, lambda: int(m.stats()['jobs-running']) == 1)
        before = m.anon_kb()
        prompts(self.world.path('queued'), count, f'queued {self.round_no} {count}')
        run('cp', '-r', self.world.path('queued'), m.path)
        shutil.rmtree(self.world.path('queued'))
        until('all queued', 120, lambda: int(m.stats()['jobs-queued']) == count, 0.5)
        kb = (m.anon_kb() - before) / count
        self.world.end(m)
        shutil.rmtree(m.source)
        return kb

    def _running(self, sandbox, count):
        """CPU milliseconds a minute for each of so many that run."""
        m = self._mount(sandbox, count)
        prompts(self.world.path('running'), count, f'running {self.round_no} {count}')
        run('cp', '-r', self.world.path('running'), m.path)
        shutil.rmtree(self.world.path('running'))
        until('all running', 120, lambda: int(m.stats()['jobs-running']) == count, 0.5)
        time.sleep(1)
        before = m.cpu()
        time.sleep(self.seconds)
        ms = (m.cpu() - before) * 1e3 / count * 60 / self.seconds
        self.world.end(m)
        shutil.rmtree(m.source)
        return ms

    def round(self):
        self.round_no += 1
        values = {}
        for count in self.counts:
            sandbox = self.world.sandbox('--canned', '--time', '3600', '--submit-rpm', '0', '--query-rpm', '0')
            values[f'KB at {count}'] = self._queued(sandbox, count)
            sandbox.control('reset', {})
            values[f'CPU at {count}'] = self._running(sandbox, count)
            self.world.end(sandbox)
        return values


class Polling:
    """Requests for one task of 20 seconds, with the schedule of a provider's row as it is shipped."""
    name = 'polling'
    figures = [
        ('requests per task', lambda v: v['requests'], '<=', 6, 6),
        ('seconds from there to here', lambda v: v['late'], '<=', 10, 10),
    ]
    unit = 'requests; s'
    rounds = 2

    def begin(self, w, quick):
        self.world, self.round_no = w, 0
        self.sandbox = w.sandbox('--canned', '--time', '20', '--submit-rpm', '0', '--query-rpm', '0')
        self.mount = w.mount('polling', OPTIONS, config=(
            f'[provider sandbox]\nurl = {self.sandbox.url}\nfirst-look = 5\npoll-min = 5\npoll-max = 60\n'))

    def round(self):
        self.round_no += 1
        before = self.sandbox.control('bill?tasks=0')
        begun = time.monotonic()
        for n in range(10):
            with open(f'{self.mount.path}/t{self.round_no}-{n}.txt', 'w') as f:
                f.write(f'task {self.round_no} {n}\n')
        until('ten pictures', 120, lambda: completed(self.mount) == 10 * self.round_no)
        took = time.monotonic() - begun
        after = self.sandbox.control('bill?tasks=0')
        asked = sum(after[k] - before[k] for k in ('submits_seen', 'polls', 'downloads'))
        return {'requests': asked / 10, 'late': took - 20}


class BigReplies:
    """Replies of 20 MB with pictures in them: memory, and how fast they are decoded."""
    name = 'big replies'
    figures = [
        ('RssAnon, MB', lambda v: v['MB'], '<=', 32, 32),
        ('decoder against base64 -d', lambda v: v['decoder'] / v['base64'], '>=', 1, 0.5),
        ('end to end against base64 -d', lambda v: v['end to end'] / v['base64'], '>=', 0.4, 0.1),
    ]
    unit = 'MB/s of base64; MB'

    def begin(self, w, quick):
        self.world, self.round_no = w, 0
        self.count, self.bytes = (8, 4000000) if quick else (64, 20000000)
        self.sandbox = w.sandbox('--canned', '--time', '0', '--pad', str(self.bytes))
        self.text = w.path('base64')
        with open(self.text, 'w') as f:
            run_to(f, 'sh', '-c', f'head -c {self.bytes} /dev/urandom | base64 -w0')
        self.size = os.path.getsize(self.text) / 1e6

    def _base64(self):
        begun = time.monotonic()
        run('sh', '-c', f'base64 -d {self.text} >/dev/null')
        return self.size / (time.monotonic() - begun)

    def round(self):
        self.round_no += 1
        conf = f'[provider google]\nurl = {self.sandbox.url}\nin-flight = {self.count}\n'
        m = self.world.mount(f'big{self.round_no}', 'settle=0,budget=none', config=conf, env={'GEMINI_API_KEY': KEY})
        self.sandbox.control('faults', {'on': 'submit', 'do': 'hold', 'count': -1})
        for n in range(self.count):
            with open(f'{m.path}/big{n}.txt', 'w') as f:
                f.write(f'big {self.round_no} {n}\n')
        self.sandbox.control(f'wait?held={self.count}&timeout=60')
        most, begun = 0, time.monotonic()
        self.sandbox.control('release', {})
        while completed(m) < self.count:
            most = max(most, m.anon_kb())
            if time.monotonic() - begun > 300:
                raise Failed('not all replies were taken in 300 s')
            time.sleep(0.02)
        took = time.monotonic() - begun
        self.sandbox.control('reset', {})
        self.world.end(m)
        shutil.rmtree(m.source)
        return {'MB': most / 1024, 'end to end': self.count * self.size / took, 'decoder': number(tool('spilling'), self.text),
                'base64': self._base64()}


def median(values):
    values = sorted(values)
    return values[len(values) // 2]


def run_to(file, *argv):
    subprocess.run(argv, stdout=file, check=True, timeout=60)


ROWS = [Batch, Ceiling, Submit, FanIn, Growth, Polling, BigReplies]
