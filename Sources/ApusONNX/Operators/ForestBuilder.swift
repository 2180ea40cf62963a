internal import ApusIR
internal import ApusTensor

/// Collects the nodes and leaves of decision trees and lays them out as `TreeEnsemble` wants them.
struct ForestBuilder {
  /// A node or, as −1 − leaf, a leaf.
  typealias Link = Int

  struct Node {
    var feature: Int
    var comparison: TreeForest.Comparison
    var threshold: Double
    var nanGoesFirst: Bool
    var first: Link
    var second: Link
  }

  private(set) var nodes: [Node] = []
  private var votes: [[(target: Int, weight: Double)]] = []
  /// Whether thresholds and weights need double precision.
  var isDouble = false

  /// Rows of the tables are counted in 32 bits.
  private static let limit = Int(Int32.max)

  mutating func add(_ node: Node) -> Link {
    nodes.append(node)
    return nodes.count - 1
  }

  mutating func addLeaf() -> Link {
    votes.append([])
    return -votes.count
  }

  mutating func vote(_ leaf: Link, target: Int, weight: Double) {
    votes[-1 - leaf].append((target, weight))
  }

  mutating func connect(_ node: Link, first: Link, second: Link) {
    nodes[node].first = first
    nodes[node].second = second
  }

  /// Every target that a leaf votes for, and whether no weight is negative.
  var voteSummary: (targets: Set<Int>, allPositive: Bool) {
    var targets: Set<Int> = []
    var allPositive = true
    for (target, weight) in votes.joined() {
      targets.insert(target)
      if weight < 0 { allPositive = false }
    }
    return (targets, allPositive)
  }

  /// Adds the operation; its results are scores and whether there were votes.
  func build(
    _ context: NodeContext, _ x: ValueID, roots: [Link], aggregate: VoteAggregate, targets: Int,
    base: [Double]
  ) throws(ImportError) -> (scores: ValueID, voted: ValueID) {
    guard nodes.count < Self.limit, votes.count < Self.limit else {
      throw .unsupported("more than \(Self.limit) nodes or leaves")
    }
    guard targets > 0, targets < Self.limit else {
      throw .invalid("\(targets) targets")
    }
    let order = try order(from: roots)
    var places = [Int](repeating: 0, count: nodes.count)
    for (place, node) in order.enumerated() { places[node] = place }
    func placed(_ link: Link) -> Int64 { Int64(link < 0 ? link : places[link]) }
    var table: [Int64] = []
    table.reserveCapacity(order.count * TreeForest.nodeWidth)
    for node in order.map({ nodes[$0] }) {
      guard node.feature >= 0, node.feature < Self.limit else {
        throw .invalid("a node asks for feature \(node.feature)")
      }
      let code = node.comparison.rawValue | (node.nanGoesFirst ? TreeForest.nanGoesFirst : 0)
      table += [Int64(node.feature), Int64(code), placed(node.first), placed(node.second)]
    }
    var starts: [Int64] = [0]
    for leaf in votes { starts.append(starts[starts.count - 1] + Int64(leaf.count)) }
    for (target, _) in votes.joined() where target < 0 || target >= targets {
      throw .invalid("a leaf votes for \(target), there are \(targets) targets")
    }
    let real: ElementType = isDouble ? .float64 : .float32
    let voteTargets = votes.flatMap { $0.map { Int64($0.target) } }
    let weights = votes.flatMap { $0.map(\.weight) }
    let operands: [ValueID?] = [
      x, try context.tensor(.int32, [order.count, TreeForest.nodeWidth], .signed(table)),
      try context.tensor(real, [order.count], .real(order.map { nodes[$0].threshold })),
      try context.tensor(.int32, [roots.count], .signed(roots.map(placed))),
      try context.tensor(.int32, [starts.count], .signed(starts)),
      try context.tensor(.int32, [voteTargets.count], .signed(voteTargets)),
      try context.tensor(real, [weights.count], .real(weights)),
      base.isEmpty ? nil : try context.tensor(real, [base.count], .real(base)),
    ]
    let results = try context.add(
      TreeEnsemble(aggregate: aggregate, targetCount: targets), operands)
    guard results.count == 2 else { throw .invalid("the operation has no results") }
    return (results[0], results[1])
  }

  /// The nodes that the roots lead to, every one before its children.
  private func order(from roots: [Link]) throws(ImportError) -> [Int] {
    enum State { case unseen, open, done }
    var states = [State](repeating: .unseen, count: nodes.count)
    var finished: [Int] = []
    var stack: [Int] = []
    for root in roots where root >= 0 && states[root] == .unseen {
      stack.append(root)
      while let node = stack.last {
        if states[node] != .unseen {
          stack.removeLast()
          if states[node] == .open { finished.append(node) }
          states[node] = .done
          continue
        }
        states[node] = .open
        for child in [nodes[node].second, nodes[node].first] where child >= 0 {
          guard states[child] != .open else { throw .invalid("a tree leads back into itself") }
          if states[child] == .unseen { stack.append(child) }
        }
      }
    }
    return finished.reversed()
  }
}
