internal import ApusIR
package import ApusTensor
package import CApusPlatform

/// A region at fixed shapes, about to become kernels: what the operands are, which slots they have,
/// and the steps appended so far.
package struct RegionInstance {
  package let region: Region
  /// Concrete types; nil for a missing optional operand.
  package let operandTypes: [TensorType?]
  package let resultTypes: [TensorType]
  /// Constant or folded operands at this shape.
  package let known: [HostTensor?]

  let operandSlots: [UInt32]
  let resultSlots: [UInt32]
  let packedSlots: [Int: UInt32]
  let workers: Int
  private let operandStrides: [Int: [Int]]
  private let resultStrides: [Int: [Int]]

  /// Slots asked for beyond operands and results; the session gives them memory.
  package private(set) var workspaces: [Workspace] = []
  package private(set) var steps: [KernelStep] = []
  private let firstWorkspace: UInt32

  /// Scratch memory that lives only while the region runs.
  package struct Workspace: Sendable {
    package let slot: UInt32
    package let byteCount: Int
  }

  package init(
    region: Region, operandTypes: [TensorType?], resultTypes: [TensorType], known: [HostTensor?],
    operandSlots: [UInt32], resultSlots: [UInt32], packedSlots: [Int: UInt32], workers: Int,
    firstWorkspace: UInt32, operandStrides: [Int: [Int]] = [:], resultStrides: [Int: [Int]] = [:]
  ) {
    self.region = region
    self.operandTypes = operandTypes
    self.resultTypes = resultTypes
    self.known = known
    self.operandSlots = operandSlots
    self.resultSlots = resultSlots
    self.packedSlots = packedSlots
    self.workers = workers
    self.firstWorkspace = firstWorkspace
    self.operandStrides = operandStrides
    self.resultStrides = resultStrides
  }

  package func slot(operand index: Int) -> UInt32 { operandSlots[index] }
  package func slot(result index: Int) -> UInt32 { resultSlots[index] }

  /// The slot of an operand in the tactic's layout, or nil where it was not packed.
  package func slot(packed index: Int) -> UInt32? { packedSlots[index] }

  /// The fixed extents of an operand.
  package func shape(operand index: Int) -> [Int] {
    operandTypes.indices.contains(index) ? operandTypes[index]?.fixedShape ?? [] : []
  }

  package func shape(result index: Int) -> [Int] { resultTypes[index].fixedShape ?? [] }

  /// Strides of an operand in elements: row-major, unless the tactic takes it at any strides.
  package func strides(operand index: Int) -> [Int] {
    operandStrides[index] ?? rowMajorStrides(shape(operand: index))
  }

  /// Strides of a result in elements: row-major, unless the tactic writes results at any strides.
  package func strides(result index: Int) -> [Int] {
    resultStrides[index] ?? rowMajorStrides(shape(result: index))
  }

  package func hasOperand(_ index: Int) -> Bool {
    operandTypes.indices.contains(index) && operandTypes[index] != nil
  }

  /// Asks for shared memory that lives while the region runs.
  package mutating func workspace(byteCount: Int) -> UInt32 {
    let slot = firstWorkspace + UInt32(workspaces.count)
    workspaces.append(Workspace(slot: slot, byteCount: max(byteCount, 64)))
    return slot
  }

  /// Asks for scratch of a size per worker, to be laid out back to back.
  package mutating func scratch(bytesPerWorker: Int) -> UInt32 {
    workspace(byteCount: bytesPerWorker * workers)
  }

  /// Appends a kernel call; one with no chunks is left out.
  package mutating func append(_ step: KernelStep) {
    if step.chunks > 0 { steps.append(step) }
  }
}

/// A call of a C kernel.
@safe package struct KernelStep: Sendable {
  package let run: apus_kernel_fn
  package let arguments: ArgumentBlock
  package let chunks: UInt32

  package init(run: @escaping apus_kernel_fn, arguments: ArgumentBlock, chunks: UInt32) {
    unsafe self.run = run
    self.arguments = arguments
    self.chunks = chunks
  }
}
