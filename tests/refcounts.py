#!/usr/bin/env python3
"""Reference counts and lifetimes, compared with CPython 3.13 where it is at hand; what the document says always.

    refcounts.py --mini PATH [--seed N]

Counts: the document's session at the prompt, fixed expressions, and random holders of one object. Lifetimes: scripts
whose objects say when they die. All under --check-leaks.
"""
import argparse
import os
import pty
import random
import re
import select
import subprocess
import sys
import tempfile
import time

import oracles

TIMEOUT = 120  # seconds for one run: sanitizers are slow
SESSION = 'import sys\ns = "hello, world"\nsys.getrefcount(s)\ns2 = s\nsys.getrefcount(s)\n'

# Each block is code at a module's top; `count` is sys.getrefcount, X a class, new() a fresh object.
COUNTS_HEAD = '''\
import sys
import math
count = sys.getrefcount
class X:
    pass
def new():
    return X()
def show(name, *values):
    print(name, *values)
'''
COUNTS = {
    'temporary': 'show("temporary", count(new()))',
    'global': 'g = new()\nshow("global", count(g))\nh = g\nshow("two globals", count(g), count(h))',
    'items of a dict': 'd = {new(): new()}\nfor k, v in d.items():\n    show("items", count(k), count(v), count(d))',
    'pairs': 'for i, x in enumerate([new()]):\n    show("enumerate", count(x))\n'
             'for x, y in zip([new()], [new()]):\n    show("zip", count(x), count(y))',
    'local': 'def f():\n    x = new()\n    y = x\n    return count(x)\nshow("local", f())',
    'argument': 'def f(x):\n    return count(x)\nshow("argument", f(new()))\na = new()\nshow("held argument", f(a))',
    'two calls deep': 'def g(x):\n    return count(x)\ndef f(x):\n    return g(x), count(x)\nshow("deep", f(new()))\n'
                      'a = new()\nshow("deep, held", f(a))',
    'keyword': 'def f(*, x):\n    return count(x)\na = new()\nshow("keyword", f(x=new()), f(x=a))',
    'default': 'a = new()\ndef f(x=a):\n    return count(x)\nshow("default", f(), f(a), count(a))',
    'keyword default': 'a = new()\ndef f(*, x=a):\n    return count(x)\nshow("keyword default", f(), f(x=a), count(a))',
    'star': 'a = new()\ndef f(*args):\n    return count(args[0]), count(args)\nshow("star", f(a), f(new()), f(*[a]))',
    'double star': 'a = new()\ndef f(**kwargs):\n    return count(kwargs["x"]), count(kwargs)\n'
                   'show("double star", f(x=a), f(x=new()), f(**{"x": a}))',
    'lambda': 'a = new()\nshow("lambda", (lambda x: count(x))(a), (lambda: count(a))(), (lambda x=a: count(x))())',
    'closure': 'def f():\n    x = new()\n    def g():\n        return count(x)\n    return g(), count(x), count(g)\n'
               'show("closure", f())',
    'nonlocal': 'def f():\n    x = None\n    def g():\n        nonlocal x\n        x = new()\n        return count(x)\n'
                '    return g(), count(x)\nshow("nonlocal", f())',
    'list': 'a = new()\nl = [a, a]\nshow("list", count(a), count(l[0]), count(l), count([a]), count([new()][0]))',
    'tuple': 'a = new()\nt = (a, a, a)\nshow("tuple", count(a), count(t[0]), count(t), count((a,)))',
    'dict': 'a = new()\nd = {"k": a, a: 1}\nshow("dict", count(a), count(d["k"]), count(d), count({"k": a}))',
    'set': 'a = new()\ns = {a}\nshow("set", count(a), count(s), count(frozenset([a])), count(a))',
    'append': 'a = new()\nl = []\nl.append(a)\nl.append(a)\nb = count(a)\nl.pop()\nshow("append", b, count(a))\n'
              'del l[:]\nshow("append, emptied", count(a))',
    'slice': 'a = new()\nl = [a] * 5\nm = l[1:3]\nt = tuple(l)\nshow("slice", count(a), count(m), count(l))',
    'instance attribute': 'o = X()\no.a = new()\no.b = o.a\nshow("attribute", count(o.a), count(o), count(o.b))',
    'class attribute': 'class C:\n    a = new()\n    b = a\nshow("class attribute", count(C.a), count(C().a))',
    'slots': 'class S:\n    __slots__ = ("a",)\ns = S()\ns.a = new()\nshow("slots", count(s.a), count(s))',
    'module attribute': 'math.extra = new()\nshow("module", count(math.extra), count(math.extra))\ndel math.extra',
    'property': 'class C:\n    def __init__(self):\n        self._a = new()\n    @property\n    def a(self):\n'
                '        return self._a\nc = C()\nshow("property", count(c.a), count(C().a))',
    'method call': 'class C:\n    def m(self):\n        return count(self)\nc = C()\nshow("method", c.m(), C().m(), C.m(c))',
    'bound method': 'class C:\n    def m(self):\n        return count(self)\nc = C()\nb = c.m\n'
                    'show("bound", count(c), count(b), b(), count(c.m))',
    'dunder': 'class C:\n    def __add__(self, other):\n        return count(self), count(other)\n    def __len__(self):\n'
              '        return count(self)\n    def __getitem__(self, i):\n        return count(self), count(i)\n'
              'c = C()\nshow("dunder", c + c, c + new(), C() + C(), len(c), len(C()), c[new()], c[c])',
    'except': 'try:\n    raise ValueError(new())\nexcept ValueError as e:\n'
              '    show("except", count(e), count(e.args), count(e.args[0]))',
    'except in a function': 'def f():\n    try:\n        1 / 0\n    except ZeroDivisionError as e:\n        return count(e)\n'
                            'show("except in f", f())',
    'except, held': 'def f(x):\n    raise ValueError(x)\nx = new()\ntry:\n    f(x)\nexcept ValueError as e:\n    kept = e\n'
                    'show("kept", count(x), count(kept), count(kept.__traceback__))\ndel kept\nshow("dropped", count(x))',
    'except without a name': 'def f(x):\n    try:\n        raise ValueError(x)\n    except ValueError:\n'
                             '        return count(x)\na = new()\nshow("no name", f(a), count(a))',
    'finally': 'def f(x):\n    try:\n        return x\n    finally:\n        show("finally", count(x))\n'
               'a = new()\nshow("after finally", count(f(a)))',
    'for': 'l = [new(), new()]\nfor v in l:\n    show("for", count(v), count(l))\nshow("after for", count(v), count(l))',
    'for over a temporary': 'for v in [new()]:\n    show("for", count(v))\nshow("after", count(v))',
    'list comprehension': 'l = [new()]\nshow("comprehension", [count(v) for v in l], [(count(v), count(w)) for v in l for w in l])',
    'comprehension with a closure': 'a = new()\ndef f(a):\n    return [count(a) for i in range(2)]\nshow("in f", f(a), count(a))',
    'generator': 'def g(x):\n    yield count(x)\n    y = x\n    yield count(x)\na = new()\ni = g(a)\n'
                 'show("generator", next(i), next(i), count(a), count(i))\ni.close()\nshow("closed", count(a))',
    'generator of a temporary': 'def g(x):\n    yield count(x)\nshow("generator", list(g(new())))',
    'generator expression': 'l = [new()]\nshow("generator expression", list(count(v) for v in l))',
    'yield from': 'def g(x):\n    yield count(x)\ndef h(x):\n    yield from g(x)\n    yield count(x)\na = new()\n'
                  'show("yield from", list(h(a)))',
    'send': 'def g():\n    while True:\n        x = yield\n        show("sent", count(x))\ni = g()\nnext(i)\n'
            'i.send(new())\na = new()\ni.send(a)\nshow("after send", count(a))',
    'unpacking': 'a = new()\nb, *c = a, a, a\nshow("unpacking", count(a), count(c))\nb = c = None\nshow("let go", count(a))',
    'swap': 'a = new()\nb = new()\na, b = b, a\nshow("swap", count(a), count(b))',
    'walrus': 'show("walrus", count(w := new()), count(w))',
    'conditional': 'a = new()\nshow("conditional", count(a if a else None), count(a or None), count(None or a))',
    'string': 's = "".join(["re", "count"])\nt = s\nd = {s: s}\nshow("string", count(s), count(t + "x"), count(d))',
    'function': 'def f():\n    return count(f)\nf2 = f\nshow("function", f(), count(f))',
    'class': 'class C:\n    pass\nn = count(C)\nc = C()\nshow("class", count(C) - n)\ndel c\nshow("class again", count(C) - n)',
    'decorator': 'def d(f):\n    show("decorator", count(f))\n    return f\n@d\ndef f():\n    pass\nshow("decorated", count(f))',
    'immortal': 'show("immortal", count(None) == count(True) == count(False), count(None))',
    'small numbers': 'show("small", count(1), count(-5))',
    'delete': 'a = new()\nb = a\nc = [a]\ndel b\nshow("delete", count(a))\ndel c[0]\nshow("delete", count(a))',
    'global statement': 'def f():\n    global gg\n    gg = new()\n    return count(gg)\nshow("global", f(), count(gg))',
    'del argument': 'def f(x, y):\n    del x\n    return count(y)\na = new()\nshow("del", f(a, a), count(a))',
    'rebinding argument': 'def f(x):\n    y = x\n    x = None\n    return count(y)\na = new()\nshow("rebinding", f(a), f(new()))',
    'super': 'class A:\n    def m(self):\n        return count(self)\nclass B(A):\n    def m(self):\n        return super().m()\n'
             'b = B()\nshow("super", b.m(), B().m())',
    'getattr': 'o = X()\no.a = new()\nshow("getattr", count(getattr(o, "a")), count(o.__dict__["a"]), count(vars(o)["a"]))',
    'iterator': 'a = new()\nl = [a]\ni = iter(l)\nshow("iterator", count(l), count(i), count(next(i)), count(a))\n'
                'list(i)\nshow("exhausted", count(l))',
    'in place': 'l = m = [new()]\nl += l\nshow("in place", count(l[0]), count(l))',
    'chained comparison': 'class C:\n    def __lt__(self, other):\n        show("less", count(self), count(other))\n'
                          '        return True\na = C()\nb = C()\nc = C()\na < b < c\nC() < C()',
    'classmethod': 'class C:\n    @classmethod\n    def m(cls, x):\n        return count(x)\n    @staticmethod\n    def s(x):\n'
                   '        return count(x)\na = new()\nshow("classmethod", C.m(a), C().m(a), C.s(a), C().s(new()))',
    'thread': 'import threading\ndef f(x):\n    show("thread", count(x) - count(a) if x is a else count(x))\na = new()\n'
              't = threading.Thread(target=f, args=(a,))\nt.start()\nt.join()\nshow("joined", count(a))',
}

# On purpose: CPython's C code holds arguments once more while it makes a call (slots, `with`, `type(...)`); large integers
# answer as the unboxed ones do. What mini answers is pinned here.
OWN_COUNTS = {
    'show("big integer", count(int("1" + "0" * 30)))': 'big integer 4294967295\n',
    'class C:\n    def __call__(self, x):\n        return count(self), count(x)\nc = C()\n'
    'show("call", c(new()), C()(c))': 'call (3, 2) (2, 3)\n',
    'class C:\n    def __init__(self, x):\n        self.n = count(self), count(x)\na = new()\n'
    'show("init", C(a).n, C(new()).n)': 'init (3, 3) (3, 2)\n',
    'class C:\n    def __enter__(self):\n        return self\n    def __exit__(self, *a):\n'
    '        show("exit", count(self))\nwith C() as c:\n    show("with", count(c))': 'with 3\nexit 3\n',
    'a = [new()]\nshow("star call", count(*a), list(map(count, a)))': 'star call 3 [3]\n',
}

LIFETIMES_HEAD = '''\
import gc
import sys
class D:
    def __init__(self, name):
        self.name = name
    def __del__(self):
        print("died", self.name)
    def __repr__(self):
        return f"<{self.name}>"
'''
LIFETIMES = {
    'del': 'a = D("a")\nb = a\ndel a\nprint("still")\ndel b\nprint("gone")',
    'rebinding': 'a = D("a")\na = D("b")\nprint("rebound")\na = None\nprint("end")',
    'expression': 'D("a")\nprint("after")\nD("b").name\nprint("after")\n[D("c")]\nprint("after")',
    'function exit': 'def f():\n    c = D("c")\n    a = D("a")\n    b = D("b")\n    print("in f")\nf()\nprint("after f")',
    'function exit by exception': 'def f():\n    c = D("c")\n    a = D("a")\n    raise ValueError\ntry:\n    f()\n'
                                  'except ValueError:\n    print("handling")\nprint("after")',
    'arguments': 'def f(x, y):\n    x = None\n    print("in f")\nf(D("x"), D("y"))\nprint("after")',
    'arguments, deleted': 'def f(x):\n    del x\n    print("in f")\nf(D("x"))\nprint("after")',
    'returned': 'def f():\n    a = D("a")\n    b = D("b")\n    return a\nprint(f())\nprint("after")\nx = f()\nprint("kept")\ndel x',
    'list': 'l = [D(i) for i in range(4)]\nl[1] = None\nprint("set")\ndel l[0]\nprint("deleted")\nl.pop()\nprint("popped")\n'
            'l.clear()\nprint("cleared")',
    'list.clear': 'l = [D(i) for i in range(4)]\nl.clear()\nprint("cleared")\nl = [D(i) for i in range(4)]\ndel l\nprint("deleted")',
    'list slices': 'l = [D(i) for i in range(6)]\nl[1:3] = []\nprint("slice")\nl[:] = [1]\nprint("all")\n'
                   'l = [D(i) for i in range(4)]\ndel l[::2]\nprint("step")\ndel l',
    'tuple': 't = (D(1), D(2), D(3))\ndel t\nprint("tuple")',
    'dict': 'd = {i: D(i) for i in range(4)}\nd[1] = D("new")\nprint("set")\ndel d[2]\nprint("deleted")\nd.pop(0)\n'
            'print("popped")\nd.update({3: 3})\nprint("updated")\nd.clear()\nprint("cleared")\nd = {1: D(1), 2: D(2)}\ndel d',
    'set': 's = {D(1)}\ns.clear()\nprint("cleared")\ns = {D(1)}\ns.pop()\nprint("popped")',
    'attributes': 'class O:\n    pass\no = O()\no.a = D("a")\no.b = D("b")\no.a = None\nprint("set")\ndel o.b\nprint("deleted")\n'
                  'o.c = D("c")\no.d = D("d")\ndel o\nprint("object gone")',
    'owner first': 'd = D("outer")\nd.inner = D("inner")\nd.inner.most = D("innermost")\ndel d\nprint("end")',
    'class': 'class C:\n    x = D("x")\ndel C\nprint("not yet")\ngc.collect()\nprint("collected")',
    'nested calls': 'def g(x):\n    print("g")\n    return x\ndef f():\n    g(D("a"))\n    print("between")\n    y = g(D("b"))\n'
                    '    print("end of f")\nf()',
    'loop variable': 'for x in [D(1), D(2)]:\n    print("body", x)\nprint("after")\nx = None',
    'loop over a generator': 'def g():\n    for i in range(3):\n        yield D(i)\nfor x in g():\n    print("body", x)\nprint("after")',
    'loop, left': 'def g():\n    try:\n        yield D(1)\n        yield D(2)\n    finally:\n        print("closed")\n'
                  'def f():\n    for x in g():\n        break\n    print("left")\nf()',
    'comprehension': 'print([x.name for x in [D(1), D(2)]])\nprint([D(i).name for i in range(2)])',
    'exception keeps frames alive': 'def f():\n    a = D("a")\n    raise ValueError("v")\ntry:\n    f()\nexcept ValueError as e:\n'
                                    '    kept = e\nprint("kept")\nkept = None\nprint("end")',
    'except clause': 'try:\n    raise ValueError(D("argument"))\nexcept ValueError as e:\n    print("handling", e)\nprint("after")',
    'except clause without a name': 'try:\n    raise ValueError(D("argument"))\nexcept ValueError:\n    print("handling")\nprint("after")',
    'exception with context': 'def f():\n    a = D("a")\n    try:\n        raise KeyError(D("k"))\n    except KeyError:\n'
                              '        raise ValueError(D("v"))\ntry:\n    f()\nexcept ValueError:\n    print("handling")\nprint("after")',
    'exception replaced': 'def f():\n    try:\n        raise KeyError(D("k"))\n    finally:\n        return 1\nprint(f())',
    'generator close': 'def g():\n    a = D("a")\n    try:\n        yield 1\n    finally:\n        print("finally")\ni = g()\nnext(i)\n'
                       'i.close()\nprint("closed")\ni = g()\nnext(i)\ndel i\nprint("deleted")\ni = g()\ndel i\nprint("never begun")',
    'generator that holds its argument': 'def g(x):\n    yield x.name\ni = g(D("x"))\nprint("made")\nprint(next(i))\n'
                                         'print(next(i, "over"))\nprint("end")',
    'generator exhausted': 'def g():\n    a = D("a")\n    b = D("b")\n    yield 1\ni = g()\nprint(list(i))\nprint("end")',
    'generator throw': 'def g():\n    a = D("a")\n    yield 1\ni = g()\nnext(i)\ntry:\n    i.throw(ValueError)\nexcept ValueError:\n'
                       '    print("thrown")\nprint("end")',
    'closure': 'def f():\n    a = D("a")\n    def g():\n        return a\n    return g\ng = f()\nprint("made")\ndel g\nprint("end")',
    'cycle': 'a = D("a")\na.me = a\ndel a\nprint("unreachable")\nprint(gc.collect() > 0)\nprint("end")',
    'cycle of two': 'a = D("a")\nb = D("b")\na.b = b\nb.a = a\ndel a, b\nprint("unreachable")\ngc.collect()\nprint("end")',
    'function that refers to itself': 'def f():\n    x = D("x")\n    def g():\n        return g, x\nf()\nprint("left")\ngc.collect()\nprint("end")',
    'frame in a cycle': 'def f():\n    a = D("a")\n    try:\n        1 / 0\n    except ZeroDivisionError as e:\n        kept = e\n'
                        'f()\nprint("left")\ngc.collect()\nprint("end")',
    'resurrection': 'kept = []\nclass R:\n    def __del__(self):\n        print("dying")\n        kept.append(self)\nr = R()\ndel r\n'
                    'print(len(kept))\nkept.clear()\nprint("end")',
    'resurrection in a cycle': 'kept = []\nclass R:\n    def __del__(self):\n        print("dying")\n        kept.append(self)\nr = R()\n'
                               'r.me = r\ndel r\ngc.collect()\nprint(len(kept))\nkept.clear()\ngc.collect()\nprint("end")',
    'exception in __del__': 'class B:\n    def __del__(self):\n        raise ValueError("in del")\nB()\nprint("goes on")',
    '__del__ makes more': 'class N:\n    def __init__(self, n):\n        self.n = n\n    def __del__(self):\n        print("n", self.n)\n'
                          '        if self.n:\n            N(self.n - 1)\nN(3)\nprint("end")',
    'end of the program': 'a = D("a")\nb = D("b")\nprint("last line")',
    'sys.exit': 'def f():\n    x = D("x")\n    sys.exit(3)\nf()',
    'with': 'class M:\n    def __enter__(self):\n        return D("entered")\n    def __exit__(self, *a):\n        print("exit")\n'
            'with M() as x:\n    print("body")\nprint("after")\ndel x\nwith M():\n    print("body")\nprint("end")',
    'operators': 'class P(D):\n    def __add__(self, other):\n        return P(self.name + other.name)\n'
                 'x = P("a") + P("b") + P("c")\nprint(x)\nx += P("d")\nprint(x)\ndel x',
    'bound method': 'class M(D):\n    def m(self):\n        print("in m")\nM("a").m()\nprint("called")\nb = M("b").m\nprint("bound")\n'
                    'b()\ndel b\nprint("end")',
    'default': 'def f(x=D("default")):\n    pass\nf()\nf(D("given"))\nprint("called")\ndel f\nprint("end")',
    'star': 'def f(*args, **kwargs):\n    print(len(args), len(kwargs))\nf(D(1), D(2), k=D(3))\nprint("end")',
    'unpacking': 'a, b = D("a"), D("b")\na, b = b, a\nprint("swapped")\na = b = None\nprint("end")\nc, *d = [D(1), D(2), D(3)]\nd = 1\nprint("d")',
    'conditional': 'x = D("a") and D("b")\nprint("and")\nx = D("c") or D("d")\nprint("or")\nx = None',
    'chained comparison': 'class C(D):\n    def __lt__(self, other):\n        return self.name < other.name\n'
                          'print(C(1) < C(2) < C(3))\nprint(C(2) < C(1) < C(3))',
    'string formatting': 'print(f"{D(1)} {D(2)}")\nprint("%s" % D(3))',
    'thread': 'import threading\ndef f(x):\n    y = D("local")\n    print("in thread")\nt = threading.Thread(target=f, args=(D("argument"),))\n'
              't.start()\nt.join()\nprint("joined")',
    'replaced class attribute': 'class C:\n    a = D("a")\nC.a = D("b")\nprint("replaced")\ndel C.a\nprint("deleted")',
    'globals emptied': 'x = D("x")\nglobals().pop("x")\nprint("popped")\nglobals()["y"] = D("y")\ndel y\nprint("end")',
    'sort with a key': 'l = [3, 1, 2]\nl.sort(key=lambda v: D(v).name)\nprint(l)',
    'min and max': 'print(max([D(1), D(2)], key=lambda d: d.name).name)\nprint("end")',
    'iterators': 'i = iter([D(1), D(2)])\nprint(next(i))\ndel i\nprint("end")\nfor a, b in zip([D(3)], [D(4)]):\n    pass\nprint("zip")\n'
                 'a = b = None\nprint(len(list(map(D, [5, 6]))))',
}

CHAIN = '''\
class Node:
    __slots__ = ("next",)
def chain(wrap):
    head = None
    for i in range(%d):
        head = wrap(head)
    return head
def node(head):
    n = Node()
    n.next = head
    return n
for wrap in (node, lambda h: [h], lambda h: (h,), lambda h: {"k": h}, lambda h: (lambda: h), lambda h: {1: [h]}):
    c = chain(wrap)
    del c
print("freed")
'''


def random_counts(generator, number):
    """Programs that give one object to some holders, take it away from some, and ask how many there are."""
    holders = [('v{0} = x', 'del v{0}'), ('l{0} = [x]', 'l{0}.clear()'), ('l{0} = [x, x, 1]', 'l{0}.pop(0)'),
               ('t{0} = (x, 2)', 't{0} = None'), ('d{0} = {{"k": x}}', 'd{0}["k"] = 1'), ('d{0} = {{x: x}}', 'd{0}.pop(x)'),
               ('s{0} = {{x}}', 's{0}.discard(x)'), ('o{0} = X()\no{0}.a = x', 'del o{0}.a'), ('X.c{0} = x', 'del X.c{0}'),
               ('f{0} = lambda a=x: a', 'f{0} = None'), ('b{0} = x.__init__', 'del b{0}'), ('i{0} = iter((x,))', 'list(i{0})'),
               ('e{0} = ValueError(x)', 'e{0} = None'), ('g{0} = (a for a in [x, x])\nnext(g{0})', 'g{0}.close()'),
               ('def c{0}(x):\n    return lambda: x\nk{0} = c{0}(x)', 'k{0} = None'),
               ('g{0} = held(x)\nnext(g{0})', 'g{0}.close()'), ('z{0} = zip([x], [x])', 'del z{0}'),
               ('l{0} = [x] * 3\nl{0} += l{0}', 'del l{0}[1::2]'), ('p{0} = slice(x, None)', 'p{0} = 1')]
    asks = ['count(x)', 'asked(x)', '(lambda a: count(a))(x)', 'count([x][0])', 'count(x if x else 1)', 'asked(*(x,))',
            'asked(x=x)', '[count(a) for a in [x]][0]', 'next(held(x))', 'deeper(x)']
    for index in range(number):
        lines, undo = ['x = X()'], []
        for step in range(generator.randint(1, 6)):
            hold, let_go = generator.choice(holders)
            lines.append(hold.format(step))
            undo.append(let_go.format(step))
        lines.append(f'show("random {index}", {", ".join(generator.choices(asks, k=3))})')
        generator.shuffle(undo)
        for let_go in undo[:generator.randint(0, len(undo))]:
            lines += [let_go, f'show("random {index}", {generator.choice(asks)})']
        yield '\n'.join(lines)


RANDOM_HEAD = '''\
def asked(x):
    return count(x)
def deeper(x):
    return asked(x), count(x)
def held(x):
    yield count(x)
    yield x
'''


class Suite:
    def __init__(self, mini, directory):
        self.mini, self.directory, self.failures, self.checks = mini, directory, 0, 0

    def check(self, name, expected, got):
        self.checks += 1
        if expected != got:
            self.failures += 1
            print(f'{name}:\n  expected {expected!r}\n  got      {got!r}')

    def run(self, command, script, text=None):
        if script is not None:
            path = os.path.join(self.directory, 'script.py')
            with open(path, 'w', encoding='utf-8') as file:
                file.write(script)
            command = command + [path]
        try:
            result = oracles.run(command, input=text, timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            return 'timeout', '', ''
        return result.returncode, result.stdout, re.sub(r'0x[0-9a-f]+', '0x…', result.stderr)

    def mini_run(self, script, *options, text=None):
        return self.run([self.mini, '--check-leaks', *options], script, text)


def prompt_through_terminal(mini):
    """What a terminal shows when the session is typed; each line once the prompt is there."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ['TERM'] = 'dumb'
        os.execv(mini, [mini])
    shown, pending, deadline = b'', (SESSION + 'exit()\n').encode().splitlines(keepends=True), time.monotonic() + TIMEOUT
    seen = 0
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        shown += piece
        while pending and shown.count(b'>>> ') > seen:
            seen = shown.count(b'>>> ')
            os.write(terminal, pending.pop(0))
    os.close(terminal)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status, [line for line in shown.decode(errors='replace').splitlines() if line.strip().isdigit()]


def always(suite):
    """What needs no oracle."""
    for options in (['-i'], ['-i', '--runner=one'], ['-i', '--observed']):
        status, output, _ = suite.mini_run(None, *options, text=SESSION)
        suite.check('session through standard input', (0, '2\n3\n'), (status, output))
    suite.check('session at a terminal', (0, ['2', '3']), prompt_through_terminal(suite.mini))
    constants = 'import sys\ns = "hello, world"\nprint(sys.getrefcount(s))\ns2 = s\nprint(sys.getrefcount(s))\n'
    # On purpose: CPython says 4 and 5, because the tree of the main file is still alive.
    suite.check('constants of a file are held once', (0, '3\n4\n', ''), suite.mini_run(constants))
    numbers = 'import sys\nprint([sys.getrefcount(x) for x in (None, True, False, 1, 2 ** 40, 1.5, -1.5e300)])'
    suite.check('unboxed values', (0, str([4294967295] * 7) + '\n', ''), suite.mini_run(numbers))
    for block, answer in OWN_COUNTS.items():
        suite.check(f'counts of our own:\n{block}', (0, answer, ''), suite.mini_run(COUNTS_HEAD + block + '\n'))
    suite.check('chains of a million', (0, 'freed\n', ''), suite.mini_run(CHAIN % suite.chain))


def compared(suite, python, seed):
    def outputs(blocks, head):
        script = head + '\n'.join(blocks) + '\n'
        return suite.run([python], script), suite.mini_run(script)

    generator = random.Random(seed)
    for head, blocks in ((COUNTS_HEAD, list(COUNTS.values())),
                         (COUNTS_HEAD + RANDOM_HEAD, list(random_counts(generator, 60)))):
        expected, got = outputs(blocks, head)
        if expected == got:
            suite.check('counts', expected, got)
            continue
        for block in blocks:  # one by one, to say which
            expected, got = outputs([block], head)
            suite.check(f'counts (seed {seed}):\n{block}', expected, got)
    for name, script in LIFETIMES.items():
        expected, got = outputs([script], LIFETIMES_HEAD)
        suite.check(f'lifetimes: {name}', expected, got)
        if expected == got:
            for option in ('--observed', '--runner=one'):
                suite.check(f'lifetimes: {name} {option}', got, suite.mini_run(None, option, suite.directory + '/script.py'))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--mini', required=True)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--chain', type=int, default=1000000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        suite = Suite(os.path.abspath(given.mini), directory)
        suite.chain = given.chain
        always(suite)
        python = oracles.find('3.13')
        if python:
            compared(suite, python, given.seed)
    print(f'{suite.checks} checks, {suite.failures} failures')
    if suite.failures:
        return 1
    if not python:
        oracles.require('3.13')
    return 0


if __name__ == '__main__':
    sys.exit(main())
