internal import ApusTensor

/// The tables of decision trees, read where they lie: nothing is decoded or checked before a walk
/// comes by, and every step is.
package struct TreeForest {
  /// How a node compares its feature with its threshold.
  package enum Comparison: Int32, CaseIterable, Sendable {
    case lessOrEqual, less, greaterOrEqual, greater, equal, notEqual
  }

  /// Added to a comparison where NaN goes to the first child.
  package static let nanGoesFirst: Int32 = 8
  /// Numbers of a node's row in its table.
  package static let nodeWidth = 4

  private let nodes: Table
  private let thresholds: Table
  private let leaves: Table
  private let targets: Table
  private let weights: Table

  init(
    nodes: HostTensor, thresholds: HostTensor, leaves: HostTensor, targets: HostTensor,
    weights: HostTensor
  ) throws(EvaluationError) {
    guard nodes.rank == 2, nodes.shape[1] == Self.nodeWidth, thresholds.count == nodes.shape[0]
    else {
      throw .value("nodes of shape \(nodes.shape) and \(thresholds.count) thresholds")
    }
    guard leaves.count > 0, targets.count == weights.count else {
      throw .value("\(targets.count) targets and \(weights.count) weights of votes")
    }
    self.nodes = try Table(nodes)
    self.thresholds = try Table(thresholds)
    self.leaves = try Table(leaves)
    self.targets = try Table(targets)
    self.weights = try Table(weights)
  }

  /// The leaf that a row's features lead to.
  func leaf(from root: Int, _ features: ArraySlice<Double>) throws(EvaluationError) -> Int {
    var position = root
    while position >= 0 {
      guard position < thresholds.count else {
        throw .indexOutOfRange(operand: "nodes", index: position, limit: thresholds.count)
      }
      let row = position * Self.nodeWidth
      let feature = Int(nodes.integer(row))
      guard feature >= 0, feature < features.count else {
        throw .indexOutOfRange(operand: "data", index: feature, limit: features.count)
      }
      let value = features[features.startIndex + feature]
      let holds = try holds(nodes.integer(row + 1), value, thresholds.real(position))
      let next = Int(nodes.integer(row + (holds ? 2 : 3)))
      guard next < 0 || next > position else {
        throw .value("node \(position) has node \(next) before it as a child")
      }
      position = next
    }
    return -1 - position
  }

  private func holds(
    _ code: Int32, _ value: Double, _ threshold: Double
  ) throws(EvaluationError) -> Bool {
    guard let comparison = Comparison(rawValue: code & ~Self.nanGoesFirst) else {
      throw .value("\(code) is no comparison")
    }
    if value.isNaN, code & Self.nanGoesFirst != 0 { return true }
    return switch comparison {
    case .lessOrEqual: value <= threshold
    case .less: value < threshold
    case .greaterOrEqual: value >= threshold
    case .greater: value > threshold
    case .equal: value == threshold
    case .notEqual: value != threshold
    }
  }

  /// The votes of a leaf.
  func votes(of leaf: Int) throws(EvaluationError) -> Range<Int> {
    guard leaf < leaves.count - 1 else {
      throw .indexOutOfRange(operand: "leaves", index: leaf, limit: leaves.count - 1)
    }
    let start = Int(leaves.integer(leaf))
    let end = Int(leaves.integer(leaf + 1))
    guard start >= 0, start <= end, end <= targets.count else {
      throw .value("the votes \(start) to \(end) of \(targets.count)")
    }
    return start..<end
  }

  func vote(
    _ index: Int, targets count: Int
  ) throws(EvaluationError) -> (target: Int, weight: Double) {
    let target = Int(targets.integer(index))
    guard target >= 0, target < count else {
      throw .indexOutOfRange(operand: "targets", index: target, limit: count)
    }
    return (target, weights.real(index))
  }

  /// A dense tensor of int32, float32 or float64, read without decoding all of it. The reader checks
  /// indices.
  @safe private struct Table {
    let tensor: HostTensor
    let count: Int
    private let address: UnsafeMutableRawPointer
    private let isDouble: Bool

    init(_ tensor: HostTensor) throws(EvaluationError) {
      do { self.tensor = try tensor.densified() } catch { throw .tensor(error) }
      guard [.int32, .float32, .float64].contains(tensor.element),
        let address = unsafe self.tensor.denseAddress
      else { throw .unsupported("trees with tables of \(tensor.element.name)") }
      unsafe self.address = address
      count = tensor.count
      isDouble = tensor.element == .float64
    }

    func integer(_ index: Int) -> Int32 {
      withExtendedLifetime(tensor) {
        unsafe address.loadUnaligned(fromByteOffset: index * 4, as: Int32.self)
      }
    }

    func real(_ index: Int) -> Double {
      withExtendedLifetime(tensor) {
        unsafe isDouble
          ? address.loadUnaligned(fromByteOffset: index * 8, as: Double.self)
          : Double(address.loadUnaligned(fromByteOffset: index * 4, as: Float.self))
      }
    }
  }
}
