"""What several tests share: the smallest race, which the README shows too, and the schedule that loses an update in it."""

RACE = """\
import threading
x = 0
def increment():
    global x
    x += 1
a = threading.Thread(target=increment)
b = threading.Thread(target=increment)
a.start(); b.start(); a.join(); b.join()
print(x)
"""
BY_HAND = "--schedule=steps:T1*3 T2* T1*"
