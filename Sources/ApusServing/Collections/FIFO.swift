/// A queue over an array: appending and taking the first cost constant time on average.
struct FIFO<Element> {
  private var items: [Element?] = []
  private var head = 0

  var count: Int { items.count - head }
  var isEmpty: Bool { head == items.count }
  var first: Element? { isEmpty ? nil : items[head] }

  mutating func append(_ element: Element) { items.append(element) }

  mutating func popFirst() -> Element? {
    guard head < items.count else { return nil }
    defer {
      items[head] = nil
      head += 1
      if head == items.count {
        items.removeAll(keepingCapacity: true)
        head = 0
      } else if head > 64, head > items.count / 2 {
        items.removeFirst(head)
        head = 0
      }
    }
    return items[head]
  }

  /// The element `index` places behind the first.
  subscript(index: Int) -> Element? { items[head + index] }

  /// Takes out all elements that fulfil `predicate`, in order.
  mutating func removeAll(where predicate: (Element) -> Bool) -> [Element] {
    var removed: [Element] = []
    var kept: [Element?] = []
    for case let element? in items[head...] {
      if predicate(element) { removed.append(element) } else { kept.append(element) }
    }
    if !removed.isEmpty {
      items = kept
      head = 0
    }
    return removed
  }
}
