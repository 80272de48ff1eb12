"""Rows about files: reading, metadata, writing, a million jobs, a daemon that does nothing."""

import os
import shutil
import socket
import sqlite3
import ssl
import subprocess
import threading
import time

from rows_load import OPTIONS, completed, config
from world import Failed, number, run, tool, until


class WarmRead:
    """A picture of 8 MB in out/ that was read before, against the source's own filesystem."""
    name = 'warm read'
    figures = [(how, lambda v, how=how: v[f'{how} mount'] / v[f'{how} source'], '>=', limit, quick)
               for how, limit, quick in (('read', 0.85, 0.5), ('pread', 0.85, 0.5), ('mmap', 0.7, 0.4))]
    unit = 'MB/s'

    def begin(self, w, quick):
        self.mount = w.mount('read')
        os.makedirs(f'{self.mount.path}/out', exist_ok=True)
        with open(f'{self.mount.path}/out/big.bin', 'wb') as f:
            f.write(os.urandom(8 << 20))
        self.other = w.path('big.bin')
        shutil.copyfile(f'{self.mount.path}/out/big.bin', self.other)
        self.times = '20' if quick else '60'

    def round(self):
        values = {}
        for how in ('read', 'pread', 'mmap'):
            for where, path in (('mount', f'{self.mount.path}/out/big.bin'), ('source', self.other)):
                number(tool('reading'), how, path, '1')
                values[f'{how} {where}'] = number(tool('reading'), how, path, self.times)
        return values


class FirstRead:
    """The first read of a picture, when it has just come, against a warm one of the source's filesystem."""
    name = 'first read'
    figures = [('read', lambda v: v['mount'] / v['source'], '>=', 0.6, 0.2)]
    unit = 'MB/s'

    def begin(self, w, quick):
        self.world, self.round_no = w, 0
        self.sandbox = w.sandbox('--canned', '--time', '0', '--pad', str(8 << 20), '--submit-rpm', '0')
        self.mount = w.mount('first', OPTIONS, config=config(self.sandbox.url))
        self.other = w.path('warm.bin')
        with open(self.other, 'wb') as f:
            f.write(os.urandom(8 << 20))
        self.count = 3 if quick else 8

    def round(self):
        self.round_no += 1
        mount, source = [], []
        for n in range(self.count):
            name = f'p{self.round_no}-{n}'
            with open(f'{self.mount.path}/{name}.txt', 'w') as f:
                f.write(f'{name}\n')
            picture = f'{self.mount.path}/out/{name}.png'
            until('the picture', 30, lambda p=picture: os.path.exists(p), 0.01)
            mount.append(number(tool('reading'), 'read', picture, '1'))
            number(tool('reading'), 'read', self.other, '1')
            source.append(number(tool('reading'), 'read', self.other, '1'))
        mount.sort()
        source.sort()
        return {'mount': mount[len(mount) // 2], 'source': source[len(source) // 2]}


CALLS = (('stat', 0.85, 0.5), ('lookup', 0.8, 0.5), ('absent', 0.75, 0.4), ('readdir', 2.5, 1.2), ('list', 1.0, 0.5))


class Metadata:
    """Calls on out/ with 10,000 pictures, against the source's filesystem, bindfs, and rclone mount."""
    name = 'metadata'
    figures = ([(call, lambda v, c=call: v[f'{c} mount'] / v[f'{c} source'], '>=', limit, quick)
                for call, limit, quick in CALLS] +
               [(f'{call}, {rival}', lambda v, c=call, r=rival: v[f'{c} mount'] / v[f'{c} {r}'], '>', 1, 0.8)
                for call, _, _ in CALLS for rival in ('bindfs', 'rclone')])
    unit = 'calls/s'

    def begin(self, w, quick):
        self.mount = w.mount('names')
        folder = f'{self.mount.path}/out/many'
        os.makedirs(folder)
        for n in range(1000 if quick else 10000):
            with open(f'{folder}/picture-{n}.png', 'wb') as f:
                f.write(b'\x89PNG\r\n\x1a\n')
        source, bindfs, rclone = w.path('names-source'), w.path('bindfs'), w.path('rclone')
        shutil.copytree(folder, source)
        w.other(bindfs, ['bindfs', '-f', source, bindfs])
        w.other(rclone, ['rclone', 'mount', source, rclone, '--vfs-cache-mode', 'full', '--allow-non-empty',
                         '--cache-dir', w.path('rclone-cache'), '--config', '/dev/null'])
        self.folders = {'mount': folder, 'source': source, 'bindfs': bindfs, 'rclone': rclone}
        self.seconds = '0.2' if quick else '0.7'

    def round(self):
        return {f'{call} {where}': number(tool('metadata'), call, folder, self.seconds)
                for call, _, _ in CALLS for where, folder in self.folders.items()}


class Write:
    """New prompts, with no provider to send them to, and the source watched; against bindfs and the source's own."""
    name = 'write'
    figures = [
        ('bindfs', lambda v: v['mount'] / v['bindfs'], '>=', 1.1, 0.6),
        ('source', lambda v: v['mount'] / v['source'], None, None, None),
    ]
    unit = 'files/s'

    def begin(self, w, quick):
        self.world, self.round_no, self.count = w, 0, 500 if quick else 3000
        self.mount = w.mount('write', 'settle=0')
        self.source, self.bindfs = w.path('write-source'), w.path('write-bindfs')
        os.makedirs(self.source)
        w.other(self.bindfs, ['bindfs', '-f', self.source, self.bindfs])

    def round(self):
        self.round_no += 1
        values = {}
        for where, top in (('mount', self.mount.path), ('bindfs', self.bindfs), ('source', self.source)):
            folder = f'{top}/{where}{self.round_no}'
            os.makedirs(folder)
            values[where] = number(tool('writing'), folder, str(self.count))
            time.sleep(0.5)       # what is done behind it
        return values


def multiply(database, paths, jobs_each):
    """Of the one prompt in that journal: one more for each path, whose stat it gets, with so many jobs each."""
    db = sqlite3.connect(database)
    db.row_factory = sqlite3.Row
    db.execute('PRAGMA synchronous = OFF')

    def columns(table):
        return [c['name'] for c in db.execute(f'PRAGMA table_info({table})')]

    def insert(table, rows):
        names = columns(table)
        db.executemany(f'INSERT INTO {table} ({", ".join(f"[{n}]" for n in names)}) '
                       f'VALUES ({", ".join("?" * len(names))})', ([r[n] for n in names] for r in rows))

    prompt, job, task = (dict(db.execute(f'SELECT * FROM {t}').fetchone()) for t in ('prompts', 'jobs', 'tasks'))
    first = 1000
    prompt_rows, job_rows, task_rows = [], [], []
    for n, (path, stat) in enumerate(paths):
        stem, base = path.removesuffix('.txt'), first + n * jobs_each
        newest = base + jobs_each - 1
        prompt_rows.append(dict(prompt, id=first + n, path=path.encode(), stem=stem.encode(), dev=stat.st_dev, ino=stat.st_ino,
                                size=stat.st_size, mtime_ns=stat.st_mtime_ns, ctime_ns=stat.st_ctime_ns,
                                job=newest, shown=newest, revision=jobs_each))
        for k in range(jobs_each):
            digest = (base + k).to_bytes(32, 'big')
            job_rows.append(dict(job, id=base + k, prompt=first + n, revision=k + 1, digest=digest))
            task_rows.append(dict(task, id=base + k, job=base + k, out=f'out/{stem}.png'.encode()))
        prompt_rows[-1]['digest'] = digest
        if len(job_rows) > 50000 or n == len(paths) - 1:
            insert('prompts', prompt_rows), insert('jobs', job_rows), insert('tasks', task_rows)
            prompt_rows, job_rows, task_rows = [], [], []
    db.commit()
    db.close()


class Million:
    """A million finished jobs in the journal, 100,000 files in the tree."""
    name = 'million'
    figures = [
        ('seconds to mounted', lambda v: v['s'], '<=', 0.5, 2),
        ('RssAnon then, MB', lambda v: v['MB mounted'], '<=', 16, 24),
        ('RssAnon after find, MB', lambda v: v['MB found'], '<=', 32, 48),
    ]
    unit = 's; MB'
    rounds = 3

    def begin(self, w, quick):
        self.world = w
        files, self.jobs = (5000, 2) if quick else (100000, 10)
        self.sandbox = w.sandbox('--canned', '--time', '0')
        m = w.mount('million', OPTIONS, config=config(self.sandbox.url))
        with open(f'{m.path}/first.txt', 'w') as f:
            f.write('the first\n')
        until('the first picture', 20, lambda: completed(m) == 1)
        w.end(m)
        paths = []
        for n in range(files):
            if n % 1000 == 0:
                os.makedirs(f'{m.source}/f{n // 1000:03}')
            path = f'f{n // 1000:03}/p{n}.txt'
            with open(f'{m.source}/{path}', 'w') as f:
                f.write(f'prompt number {n}\n')
            paths.append((path, os.stat(f'{m.source}/{path}')))
        multiply(f'{m.source}/.easelfs/journal.db', paths, self.jobs)
        self.expected = files * self.jobs + 1

    def round(self):
        m = self.world.mount('million', OPTIONS, config=config(self.sandbox.url))
        values = {'s': m.mounted_after, 'MB mounted': m.anon_kb() / 1024}
        until('the journal is looked at', 60, lambda: completed(m) == self.expected, 0.2)
        run('find', m.path, '-ls', stdout=subprocess.DEVNULL)
        values['MB found'] = m.anon_kb() / 1024
        sent = self.sandbox.control('bill?tasks=0')['accepted']
        if sent != 1:
            raise Failed(f'{sent - 1} prompts were sent again')
        self.world.end(m)
        return values


class Idle:
    """A daemon that has nothing to do."""
    name = 'idle'
    figures = [
        ('wake-ups a minute', lambda v: v['wake-ups'], '<=', 0, 0),
        ('RssAnon before TLS, MB', lambda v: v['MB before'], '<=', 6, 8),
        ('RssAnon after TLS, MB', lambda v: v['MB after'], '<=', 14, 18),
    ]
    unit = 'wake-ups; MB'
    rounds = 3

    def begin(self, w, quick):
        self.world, self.round_no, self.seconds = w, 0, 5 if quick else 60
        certificate, key = w.path('tls.crt'), w.path('tls.key')
        run('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext',
            'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server = socket.create_server(('127.0.0.1', 0))
        self.port, self.certificate, self.asked = server.getsockname()[1], certificate, threading.Event()
        threading.Thread(target=self._serve, args=(context, server), daemon=True).start()

    def _serve(self, context, server):
        reply = (b'HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 34\r\n\r\n'
                 b'{"error":{"message":"not today!"}}')
        while True:
            connection, _ = server.accept()
            with context.wrap_socket(connection, server_side=True) as s:
                s.recv(65536)
                s.recv(65536)
                s.sendall(reply)
                self.asked.set()

    def round(self):
        self.round_no += 1
        conf = f'[provider sandbox]\nurl = https://127.0.0.1:{self.port}\nca-file = {self.certificate}\n'
        m = self.world.mount(f'idle{self.round_no}', OPTIONS, config=conf)
        time.sleep(2)             # to look at the tree
        values, woken = {'MB before': m.anon_kb() / 1024}, m.switches()
        time.sleep(self.seconds)
        values['wake-ups'] = (m.switches() - woken) * 60 / self.seconds
        self.asked.clear()
        with open(f'{m.path}/tls.txt', 'w') as f:
            f.write('a picture over TLS\n')
        if not self.asked.wait(20):
            raise Failed('nothing came over TLS')
        time.sleep(1)
        values['MB after'] = m.anon_kb() / 1024
        self.world.end(m)
        return values


ROWS = [WarmRead, FirstRead, Metadata, Write, Million, Idle]
