internal import ApusEngine
internal import ApusIR
internal import ApusTensor
internal import CApusPlatform

/// A stretch of the plan whose shapes are all known: steps to run, and where the next stretch depends
/// on data, which values to look at.
@safe final class Segment {
  /// One thing to do, in order.
  enum Work {
    /// A range of `kernels`, run by the pool in one go.
    case kernels(Range<Int>)
    /// A node that the reference evaluates on the host.
    case host(HostStep)
  }

  /// Reference evaluation of a node inside a plan.
  struct HostStep {
    let node: Node
    let operands: [HostOperand?]
    let results: [TensorType]
    let resultSlots: [UInt32]
  }

  enum HostOperand {
    case known(HostTensor)
    /// A value that no arena can hold.
    case hosted(ValueID)
    case slot(UInt32, TensorType)
  }

  /// What has to be known before the next segment can be made.
  enum Boundary {
    case finished
    /// Small integer values that shapes depend on.
    case read([ValueID], node: Int)
    /// A node whose result shapes only its evaluation tells.
    case evaluate(HostStep, node: Int)
  }

  var kernels: [apus_step] = unsafe []
  /// The graph node of each kernel, for profiles and diagnostics.
  var kernelNodes: [NodeID] = []
  /// Keeps the argument memory of `kernels` alive.
  var arguments: [ArgumentBlock] = []
  var work: [Work] = []
  var boundary: Boundary = .finished

  /// Slot, arena offset and size of every buffer of the segment.
  var placements: [(slot: UInt32, offset: Int)] = []
  var arenaByteCount = 0
  /// Slots that always point to the same memory: weights and folded constants.
  var constants: [(slot: UInt32, tensor: HostTensor)] = []

  /// What the arena was planned for: memory behind `requestSlots`.
  var requests: [ArenaPlan.Request] = []
  var requestSlots: [UInt32] = []
  var arena = ArenaPlan([])

  /// The first node's position in the execution order, and what each node left behind.
  var firstPosition = 0
  var records: [NodeRecord] = []

  /// Segments that followed, by the data that shaped them.
  var next: [SegmentKey: Segment] = [:]
  /// What is known and placed at the end of the segment.
  var state: SpecializationState

  init(state: SpecializationState) { self.state = state }
}

/// The data that the shapes of a segment depend on.
struct SegmentKey: Hashable {
  var shapes: [[Int]]
  var contents: [[Int]]
}

/// What specialising one node added to its segment.
struct NodeRecord {
  /// Slots of the operands before the node; 0 where none was placed yet.
  var operandSlots: [UInt32]
  /// Slots handed out by the node.
  var slots: Range<UInt32>
  /// Values that the node placed: results, and constants that it was the first to read.
  var placed: [(value: ValueID, slot: UInt32)] = []
  var requests: Range<Int>
  var constants: Range<Int>
  var kernels: Range<Int>
  var host: Segment.HostStep?
}

/// What specialisation knows so far.
struct SpecializationState {
  /// Values of the graph's symbols.
  var bindings: [String: Int] = [:]
  var position = 0
  var facts: ValueTable<Fact>
  /// The slot of each placed value; views share their operand's.
  var slots: ValueTable<UInt32>
  var slotCount: UInt32 = 1
  /// Bytes of arena in use by finished segments.
  var arenaBase = 0
  /// Strides of values that are not dense: parts of a cache, and views of them.
  var strides: [ValueID: [Int]] = [:]
  /// Slots of dense copies of such values.
  var compacted: [ValueID: UInt32] = [:]
  /// The cache of the run, and the positions that it holds after the run.
  var cache: CacheLayout?
  var cacheLength: Int?

  init(_ positions: ValuePositions) {
    facts = ValueTable(positions)
    slots = ValueTable(positions)
  }

  /// The slot where a value lies densely.
  func denseSlot(_ value: ValueID) -> UInt32? {
    strides[value] == nil ? slots[value] : compacted[value]
  }
}
