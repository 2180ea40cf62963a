internal import ApusONNXSchema

extension ModelEditor {
  /// Puts every node behind those that it reads from; nodes that are in order already keep it.
  /// Returns how many nodes moved; throws where nodes wait for each other.
  package mutating func sortTopologically() throws(ImportError) -> Int {
    let reads = try GraphReads(model.graph)
    var waiting = Array(repeating: 0, count: reads.names.count)
    var readers = Array(repeating: [Int](), count: reads.names.count)
    for (node, names) in reads.names.enumerated() {
      for maker in Set(names.compactMap { reads.producer[$0] }) {
        waiting[node] += 1
        readers[maker].append(node)
      }
    }
    var ready = Heap()
    for node in waiting.indices where waiting[node] == 0 { ready.insert(node) }
    var order: [Int] = []
    while let node = ready.removeFirst() {
      order.append(node)
      for reader in readers[node] {
        waiting[reader] -= 1
        if waiting[reader] == 0 { ready.insert(reader) }
      }
    }
    guard order.count == waiting.count else {
      let stuck = waiting.indices.filter { waiting[$0] > 0 }.prefix(4)
      let names = stuck.map { model.graph.node[$0].label }.joined(separator: ", ")
      throw .invalid("nodes wait for each other: \(names)")
    }
    let nodes = model.graph.node
    model.graph.node = order.map { nodes[$0] }
    return order.enumerated().count { $0.offset != $0.element }
  }

  /// The least number first.
  private struct Heap {
    private var items: [Int] = []

    mutating func insert(_ item: Int) {
      items.append(item)
      var child = items.count - 1
      while child > 0, items[child] < items[(child - 1) / 2] {
        items.swapAt(child, (child - 1) / 2)
        child = (child - 1) / 2
      }
    }

    mutating func removeFirst() -> Int? {
      guard let first = items.first else { return nil }
      let last = items.removeLast()
      guard !items.isEmpty else { return first }
      items[0] = last
      var parent = 0
      while true {
        let left = 2 * parent + 1
        guard left < items.count else { break }
        let right = left + 1
        let least = right < items.count && items[right] < items[left] ? right : left
        guard items[least] < items[parent] else { break }
        items.swapAt(least, parent)
        parent = least
      }
      return first
    }
  }
}
