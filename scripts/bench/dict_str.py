# containers: dicts with str keys: an inventory and an index of words
# sizes: 4500000 8000
import sys


def run(n):
    stock = {"apples": 0, "pears": 10, "plums": 20}
    names = ["apples", "pears", "plums", "figs", "dates"]
    for i in range(n):
        name = names[i % 5]
        if name in stock:
            stock[name] += i % 3
        else:
            stock[name] = 1
        stock["apples"] -= 1
    index = {}
    for i in range(n // 4):
        word = "w" + str(i * 7919 % 5003)
        if word not in index:
            index[word] = []
        index[word].append(i)
    longest = 0
    for word, places in index.items():
        if len(places) > longest:
            longest = len(places)
    return stock["apples"], stock["pears"], stock["dates"], len(index), longest


print("%d %d %d %d %d" % run(int(sys.argv[1])))
