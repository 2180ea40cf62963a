package import ApusEngine
internal import ApusIR
internal import ApusLoops
internal import ApusTensor
internal import CApusCPU
internal import CApusPlatform

/// Matrix products with fused epilogues: one tactic per register tile that the machine can run.
/// Constant right operands are packed when the engine is built.
package struct GemmTactics: TacticSource {
  package let name = "cpu.gemm"

  package init() {}

  package func tactics(for region: Region) -> [Tactic] {
    guard let product = region.operation as? MatMul,
      let left = region.operands[0], let right = region.operands[1],
      left.element == .float32, right.element == .float32,
      (left.type.rank ?? 0) >= 2, (right.type.rank ?? 0) >= 2,
      max(left.type.rank ?? 0, right.type.rank ?? 0) <= Int(APUS_GEMM_MAX_BATCH_RANK) + 2,
      product.epilogue.map({ EpilogueLowering.isSupported($0) }) ?? true
    else { return [] }
    return Self.variants().map {
      Tactic(source: name, name: "gemm.\($0.name)", parameters: [$0.index])
    }
  }

  /// Register tiles of this machine's instruction set, its default first, then those below.
  static func variants() -> [(index: Int, name: String)] {
    let level = apus_cpu_isa()
    let all = (0..<apus_gemm_variant_count()).compactMap { index -> (Int, String, apus_isa)? in
      guard let variant = unsafe apus_gemm_variant_at(index) else { return nil }
      return unsafe (Int(index), String(cString: variant.pointee.name), variant.pointee.isa)
    }
    let usable = all.filter { $0.2.rawValue <= level.rawValue }
    return usable.sorted { ($0.2.rawValue, $1.0) > ($1.2.rawValue, $0.0) }.map { ($0.0, $0.1) }
  }

  package func pack(_ tactic: Tactic, _ region: Region) throws(TacticError) -> [PackedWeight] {
    guard let product = region.operation as? MatMul, let variant = tactic.parameters.first,
      let bytes = try packedByteCounts(tactic, region)[1], let weight = region.constant(1)
    else { return [] }
    let view = MatrixView(shape: weight.shape, permutation: product.rightPermutation)
    let (k, n) = (view.extents[0], view.extents[1])
    do {
      let dense = try weight.densified()
      let storage = try Storage.allocate(byteCount: bytes)
      GemmPacking.packRight(
        variant, k: k, n: n, dense, row: view.strides[0], column: view.strides[1], into: storage)
      return [
        PackedWeight(
          operand: 1, tensor: try HostTensor(.float32, shape: [bytes / 4], storage: storage))
      ]
    } catch { throw .tensor(error) }
  }

  package func packedByteCounts(
    _ tactic: Tactic, _ region: Region
  ) throws(TacticError) -> [Int: Int] {
    guard let product = region.operation as? MatMul,
      let variant = tactic.parameters.first, variant >= 0, variant < apus_gemm_variant_count()
    else { throw .unknown(tactic) }
    guard let weight = region.constant(1), weight.rank == 2 else { return [:] }
    let view = MatrixView(shape: weight.shape, permutation: product.rightPermutation)
    // A splat may have any shape; what is rounded up to whole panels must have a size.
    guard weight.shape.allSatisfy({ $0 < 1 << 40 }),
      (try? HostTensor.byteCount(.float32, [view.extents[0], view.extents[1] + 64])) != nil
    else { throw .tensor(.tooLarge(element: .float32, shape: weight.shape)) }
    return [
      1: apus_gemm_packed_b_bytes(
        UInt32(variant), Int64(view.extents[0]), Int64(view.extents[1]))
    ]
  }

  package func stridedAccess(_ tactic: Tactic, _ region: Region) -> StridedAccess {
    StridedAccess(operands: [0, 1])
  }

  package func instantiate(
    _ tactic: Tactic, _ instance: inout RegionInstance
  ) throws(TacticError) {
    guard let product = instance.region.operation as? MatMul,
      let variant = tactic.parameters.first, variant >= 0, variant < apus_gemm_variant_count()
    else { throw .unknown(tactic) }
    let problem = GemmProblem(product, instance)
    guard problem.batch.count <= Int(APUS_GEMM_MAX_BATCH_RANK) else {
      throw .unsuitable(tactic, reason: "too many batch dimensions")
    }
    let block = ArgumentBlock()
    var arguments = apus_gemm_args()
    arguments.variant = UInt32(variant)
    arguments.m = Int64(problem.m)
    arguments.n = Int64(problem.n)
    arguments.k = Int64(problem.k)
    arguments.batch_rank = UInt32(problem.batch.count)
    fill(&arguments.batch, problem.batch)
    arguments.a = Self.matrix(problem.left, slot: instance.slot(operand: 0))
    if let packed = instance.slot(packed: 1) {
      arguments.b.buffer.slot = packed
      arguments.b.layout = UInt32(APUS_GEMM_PACKED.rawValue)
    } else {
      arguments.b = Self.matrix(problem.right, slot: instance.slot(operand: 1))
    }
    arguments.c = Self.matrix(problem.result, slot: instance.slot(result: 0))
    if let program = product.epilogue {
      let lowering = EpilogueLowering(
        program: program, result: instance.slot(result: 0),
        strides: problem.epilogueStrides,
        slots: (2..<(1 + program.operands.count)).map { instance.slot(operand: $0) })
      guard let epilogue = lowering.lower(rows: problem.batch.count, into: block) else {
        throw .unsuitable(tactic, reason: "the epilogue has no kernel form")
      }
      arguments.epilogue = epilogue
    }
    arguments.scratch_slot = unsafe instance.scratch(
      bytesPerWorker: apus_gemm_scratch_bytes(&arguments))
    unsafe block.store(arguments)
    unsafe instance.append(
      KernelStep(run: apus_gemm_run, arguments: block, chunks: apus_gemm_chunks(&arguments)))
  }

  private static func matrix(_ operand: GemmProblem.Operand, slot: UInt32) -> apus_gemm_matrix {
    var matrix = apus_gemm_matrix()
    matrix.buffer.slot = slot
    matrix.layout = UInt32(APUS_GEMM_STRIDED.rawValue)
    matrix.row = Int64(operand.row)
    matrix.column = Int64(operand.column)
    fill(&matrix.batch, operand.batch)
    return matrix
  }
}

/// A tensor seen through a permutation of its axes.
struct MatrixView {
  let extents: [Int]
  let strides: [Int]

  /// `strides` are the tensor's own, row-major where nil.
  init(shape: [Int], strides: [Int]? = nil, permutation: [Int]) {
    let own = strides ?? rowMajorStrides(shape)
    if permutation.isEmpty {
      extents = shape
      self.strides = own
    } else {
      extents = permutation.map { shape[$0] }
      self.strides = permutation.map { own[$0] }
    }
  }
}

/// The product at fixed shapes as the kernel sees it: batch dimensions, a matrix each, strides.
struct GemmProblem {
  struct Operand {
    var batch: [Int]
    var row: Int
    var column: Int
  }

  let m: Int
  let n: Int
  let k: Int
  let batch: [Int]
  let left: Operand
  let right: Operand
  let result: Operand
  /// Strides over (batch..., m, n) of the result and then of each further epilogue operand.
  let epilogueStrides: [[Int]]

  init(_ product: MatMul, _ instance: RegionInstance) {
    let left = MatrixView(
      shape: instance.shape(operand: 0), strides: instance.strides(operand: 0),
      permutation: product.leftPermutation)
    let right = MatrixView(
      shape: instance.shape(operand: 1), strides: instance.strides(operand: 1),
      permutation: product.rightPermutation)
    let rank = max(left.extents.count, right.extents.count)
    let batchRank = rank - 2
    func batchStrides(_ view: MatrixView) -> [Int] {
      let lead = rank - view.extents.count
      return (0..<batchRank).map { index in
        index < lead || view.extents[index - lead] == 1 ? 0 : view.strides[index - lead]
      }
    }
    func batchExtent(_ view: MatrixView, _ index: Int) -> Int {
      let lead = rank - view.extents.count
      return index < lead ? 1 : view.extents[index - lead]
    }
    let m = left.extents[left.extents.count - 2]
    let n = right.extents[right.extents.count - 1]
    let batch = (0..<batchRank).map { index -> Int in
      let a = batchExtent(left, index)
      return a == 1 ? batchExtent(right, index) : a
    }
    // Where the product's axes stand in the result as it is stored.
    let stored = instance.shape(result: 0)
    let storedStrides = rowMajorStrides(stored)
    var position = Array(0..<rank)
    for (place, axis) in product.resultPermutation.enumerated() { position[axis] = place }
    let extra = (product.epilogue?.operands.count ?? 1) - 1
    var buffers = [position.map { storedStrides[$0] }]
    for index in 0..<extra {
      let strides = IterationSpace.broadcastStrides(
        instance.shape(operand: 2 + index), to: stored)
      buffers.append(position.map { strides[$0] })
    }
    let a = batchStrides(left) + [left.strides[left.strides.count - 2], 0]
    let b = batchStrides(right) + [0, right.strides[right.strides.count - 1]]
    var space = IterationSpace(extents: batch + [m, n], strides: [a, b] + buffers)
    // Leading dimensions that all buffers walk as they walk rows join the rows.
    space.collapse(keeping: 1)
    if space.extents.count == 1 {
      space = IterationSpace(
        extents: [1] + space.extents, strides: space.strides.map { [0] + $0 })
    } else if m == 1, space.strides[1][space.extents.count - 2] != 0 {
      // The rows were of extent 1 and fell away; what is last now is a batch of the right operand.
      space = IterationSpace(
        extents: space.extents.dropLast() + [1, n],
        strides: space.strides.map { Array($0.dropLast()) + [0, $0[$0.count - 1]] })
    }
    let rows = space.extents.count - 2
    self.m = space.extents[rows]
    self.n = n
    self.k = left.extents[left.extents.count - 1]
    self.batch = Array(space.extents[..<rows])
    self.left = Operand(
      batch: Array(space.strides[0][..<rows]), row: space.strides[0][rows],
      column: left.strides[left.strides.count - 1])
    self.right = Operand(
      batch: Array(space.strides[1][..<rows]), row: right.strides[right.strides.count - 2],
      column: right.strides[right.strides.count - 1])
    self.result = Operand(
      batch: Array(space.strides[2][..<rows]), row: space.strides[2][rows],
      column: space.strides[2][rows + 1])
    self.epilogueStrides = Array(space.strides[2...])
  }
}
