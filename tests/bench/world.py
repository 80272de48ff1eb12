"""
What a row of the benchmark happens in: a folder of its own, sandboxes, mounts, other filesystems.

Everything lies below one folder (BENCH_DIR, or /var/tmp) and is gone at the end, however that came.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
O = os.path.realpath(os.environ.get('O', os.path.join(ROOT, 'build')))
KEY = 'key-of-the-benchmark'
TICK = os.sysconf('SC_CLK_TCK')


class Failed(Exception):
    """What was to be measured did not happen."""


def tool(name):
    """A program of tests/bench/, built."""
    return os.path.join(O, 'tests/bench', name)


def run(*argv, timeout=600, stdout=subprocess.PIPE, **more):
    """Its standard output; Failed if it ends badly."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, timeout=timeout,
                          text=True, **more)
    if done.returncode != 0:
        raise Failed(f'{" ".join(argv)[:200]}: status {done.returncode}: {done.stderr.strip()[-2000:]}')
    return done.stdout


def number(*argv, **more):
    return float(run(*argv, **more).split()[0])


def until(what, seconds, happens, pause=0.05):
    """Waits until happens() is true; Failed after so many seconds."""
    end = time.monotonic() + seconds
    while not happens():
        if time.monotonic() > end:
            raise Failed(f'{what}: not after {seconds} s')
        time.sleep(pause)


class Process:
    """One that runs beside; what it took is asked of /proc."""

    def __init__(self, argv, **more):
        self.argv = argv
        self.child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, **more)
        self.pid = self.child.pid

    def cpu(self):
        """User and system seconds so far."""
        with open(f'/proc/{self.pid}/stat') as f:
            field = f.read().rpartition(')')[2].split()
        return (int(field[11]) + int(field[12])) / TICK

    def anon_kb(self):
        with open(f'/proc/{self.pid}/status') as f:
            return int(re.search(r'^RssAnon:\s+(\d+)', f.read(), re.M)[1])

    def switches(self):
        """How often its threads were woken: voluntary context switches."""
        total = 0
        for thread in os.listdir(f'/proc/{self.pid}/task'):
            with contextlib.suppress(FileNotFoundError), open(f'/proc/{self.pid}/task/{thread}/status') as f:
                total += int(re.search(r'^voluntary_ctxt_switches:\s+(\d+)', f.read(), re.M)[1])
        return total

    def end(self, how=signal.SIGTERM, timeout=60):
        if self.child.poll() is None:
            self.child.send_signal(how)
        try:
            self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


class Sandbox(Process):
    def __init__(self, world, *options):
        self.log = world.path('sandbox.log')
        read, write = os.pipe()
        super().__init__([os.path.join(O, 'easelfs-sandbox'), '--port', '0', '--ready-fd', str(write), *options],
                         pass_fds=[write], env=world.environment, stdout=subprocess.DEVNULL,
                         stderr=open(self.log, 'a'))
        os.close(write)
        with os.fdopen(read) as ready:
            line = ready.readline()
        if not line.startswith('listening on '):
            raise Failed(f'the sandbox did not start: {open(self.log).read()}')
        self.url, self.results_url = line.split()[2], line.split()[4]

    def control(self, path, value=None):
        data = None if value is None else json.dumps(value).encode()
        with urllib.request.urlopen(f'{self.url}/control/{path}', data=data, timeout=60) as reply:
            return json.load(reply)


class Mount(Process):
    """An easelfs in the foreground; unmounted when it ends."""

    def __init__(self, world, name, options='', program=None, config=None, env=None):
        self.source = self.path = world.path(name)
        os.makedirs(self.path, exist_ok=True)
        self.log = world.path(f'{name}.log')
        environment = dict(world.environment, **(env or {}))
        if config is not None:
            environment['EASELFS_CONFIG'] = world.write(f'{name}.config', config)
        argv = [program or os.path.join(O, 'easelfs'), 'mount', '-f', self.path]
        if options:
            argv[3:3] = ['-o', options]
        self.begun = time.monotonic()
        world.mounts.append(self.path)
        super().__init__(argv, env=environment, stdout=subprocess.DEVNULL, stderr=open(self.log, 'a'))
        self.mounted_after = self._wait_mounted()

    def _wait_mounted(self):
        device = os.stat(os.path.dirname(self.path)).st_dev
        while os.stat(self.path).st_dev == device:
            if self.child.poll() is not None:
                raise Failed(f'{" ".join(self.argv)}: {open(self.log).read()[-2000:]}')
            time.sleep(0.0005)
        return time.monotonic() - self.begun

    def stats(self):
        """.easelfs/stats, as a dict of words."""
        with open(os.path.join(self.path, '.easelfs/stats')) as f:
            return dict(re.findall(r'^([^:\n]+):\s*(.*)$', f.read(), re.M))

    def end(self, how=signal.SIGTERM, timeout=60):
        super().end(how, timeout)
        subprocess.run(['umount', '-l', self.path], stderr=subprocess.DEVNULL, check=False)


class World:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='easelfs-bench.', dir=os.environ.get('BENCH_DIR', '/var/tmp'))
        self.mounts, self.running = [], []
        kept = {k: v for k, v in os.environ.items() if k in ('PATH', 'LANG', 'USER')}
        self.environment = dict(
            kept, HOME=self.path('home'), TMPDIR=self.path('tmp'), XDG_CONFIG_HOME=self.path('home/.config'),
            XDG_STATE_HOME=self.path('home/.state'), XDG_CACHE_HOME=self.path('home/.cache'),
            XDG_RUNTIME_DIR=self.path('run'), LC_ALL='C.UTF-8', EASELFS_SANDBOX_KEY=KEY, EASELFS_CRASH_LOOP='none')
        for folder in ('home', 'tmp', 'run', 'home/.config', 'home/.state', 'home/.cache'):
            os.makedirs(self.path(folder), mode=0o700)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text):
        with open(self.path(name), 'w') as f:
            f.write(text)
        return self.path(name)

    def keep(self, process):
        self.running.append(process)
        return process

    def sandbox(self, *options):
        return self.keep(Sandbox(self, *options))

    def mount(self, name, options='', **more):
        return self.keep(Mount(self, name, options, **more))

    def other(self, path, argv):
        """Another filesystem that serves path, as a process in the foreground."""
        os.makedirs(path, exist_ok=True)
        device = os.stat(path).st_dev
        self.mounts.append(path)
        process = self.keep(Process(argv, env=self.environment, stdout=subprocess.DEVNULL,
                                    stderr=open(self.path('other.log'), 'a')))
        until(argv[0], 20, lambda: os.stat(path).st_dev != device)
        return process

    def end(self, process):
        self.running.remove(process)
        process.end()

    def close(self):
        for process in reversed(self.running):
            with contextlib.suppress(Exception):
                process.end()
        for path in reversed(self.mounts):
            subprocess.run(['umount', '-l', path], stderr=subprocess.DEVNULL, check=False)
        if not os.environ.get('KEEP'):
            shutil.rmtree(self.folder, ignore_errors=True)
