internal import ApusEngine
internal import ApusIR
internal import ApusTensor
internal import CApusPlatform

/// A stretch of the plan whose shapes are all known: steps to run, and where the next stretch depends
/// on data, which values to look at.
final class Segment {
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

  var kernels: [apus_step] = []
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

/// What specialisation knows so far.
struct SpecializationState {
  /// Values of the graph's symbols.
  var bindings: [String: Int] = [:]
  var position = 0
  var facts: [ValueID: Fact] = [:]
  /// The slot of each placed value; views share their operand's.
  var slots: [ValueID: UInt32] = [:]
  var slotCount: UInt32 = 1
  /// Bytes of arena in use by finished segments.
  var arenaBase = 0
}
