package import ApusEngine
internal import ApusIR
internal import ApusTensor
internal import CApusCPU
internal import CApusPlatform

/// Reductions of f32, and of i64 where the result is exact.
package struct ReduceTactics: TacticSource {
  package let name = "cpu.reduce"

  package init() {}

  package func tactics(for region: Region) -> [Tactic] {
    guard let reduce = region.operation as? Reduce, let element = region.operands[0]?.element,
      Self.kind(reduce.kind, element) != nil,
      region.operands.count < 2 || region.operands[1] == nil || region.operands[1]?.integers != nil
    else { return [] }
    return [Tactic(source: name, name: "strided")]
  }

  private static func kind(_ kind: ReduceKind, _ element: ElementType) -> apus_reduce_kind? {
    guard element == .float32 || element == .int64 else { return nil }
    switch kind {
    case .sum: return APUS_REDUCE_SUM
    case .mean: return element == .float32 ? APUS_REDUCE_MEAN : nil
    case .maximum: return APUS_REDUCE_MAX
    case .minimum: return APUS_REDUCE_MIN
    case .product: return APUS_REDUCE_PRODUCT
    case .sumSquare: return APUS_REDUCE_SUM_SQUARES
    case .l1: return APUS_REDUCE_L1
    case .l2: return element == .float32 ? APUS_REDUCE_L2 : nil
    case .logSum, .logSumExp: return nil
    }
  }

  package func instantiate(
    _ tactic: Tactic, _ instance: inout RegionInstance
  ) throws(TacticError) {
    let shape = instance.shape(operand: 0)
    guard let reduce = instance.region.operation as? Reduce,
      let kind = Self.kind(reduce.kind, instance.operandTypes[0]?.element ?? .float32)
    else { throw .unknown(tactic) }
    let axesFact = instance.known.count > 1 ? instance.known[1].map { Fact(constant: $0) } : nil
    guard let axes = try? reduce.axes(axesFact, rank: shape.count) else {
      throw .unsuitable(tactic, reason: "the axes are not known")
    }
    let strides = rowMajorStrides(shape)
    let kept = shape.indices.filter { !axes.contains($0) }
    let keptShape = kept.map { shape[$0] }
    var outer = IterationSpace(
      extents: keptShape, strides: [kept.map { strides[$0] }, rowMajorStrides(keptShape)])
    var inner = IterationSpace(
      extents: axes.map { shape[$0] }, strides: [axes.map { strides[$0] }])
    outer.collapse()
    inner.collapse()
    guard outer.extents.count <= Int(APUS_MAX_RANK), inner.extents.count <= Int(APUS_MAX_RANK)
    else { throw .unsuitable(tactic, reason: "more than \(APUS_MAX_RANK) dimensions remain") }
    let element = instance.operandTypes[0]?.element.kernelElement ?? APUS_F32
    var arguments = apus_reduce_args()
    arguments.input.slot = instance.slot(operand: 0)
    arguments.input.element = UInt32(element.rawValue)
    arguments.output.slot = instance.slot(result: 0)
    arguments.output.element = UInt32(element.rawValue)
    arguments.kind = UInt32(kind.rawValue)
    arguments.kept_rank = UInt32(outer.extents.count)
    arguments.reduced_rank = UInt32(inner.extents.count)
    fill(&arguments.kept_extent, outer.extents)
    fill(&arguments.kept_stride, outer.strides[0])
    fill(&arguments.output_stride, outer.strides[1])
    fill(&arguments.reduced_extent, inner.extents)
    fill(&arguments.reduced_stride, inner.strides[0])
    let block = ArgumentBlock()
    unsafe block.store(arguments)
    unsafe instance.append(
      KernelStep(run: apus_reduce_run, arguments: block, chunks: apus_reduce_chunks(&arguments)))
  }
}
