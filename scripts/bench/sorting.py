# containers: list.sort, sorted with a key, and a quicksort of one's own
# sizes: 200000 800
import sys


def numbers(n):
    state = 42
    result = []
    for i in range(n):
        state = (state * 16807) % 2147483647
        result.append(state)
    return result


def quicksort(items, low, high):
    while low < high:
        pivot = items[(low + high) // 2]
        i = low
        j = high
        while i <= j:
            while items[i] < pivot:
                i += 1
            while items[j] > pivot:
                j -= 1
            if i <= j:
                items[i], items[j] = items[j], items[i]
                i += 1
                j -= 1
        quicksort(items, low, j)
        low = i


def run(n):
    items = numbers(n)
    ordered = sorted(items)
    by_rest = sorted(items, key=lambda number: number % 1000 * 2147483647 + number)
    words = [str(number) for number in items]
    words.sort()
    pairs = [(number % 50, number) for number in items]
    pairs.sort()
    mine = items[:]
    quicksort(mine, 0, n - 1)
    return mine == ordered, ordered[n // 3], by_rest[n // 3], words[n // 3], pairs[n // 3][1]


print("%d %d %d %s %d" % run(int(sys.argv[1])))
