package import ApusEngine
internal import ApusIR
internal import ApusTensor
internal import CApusCPU
internal import CApusPlatform

/// Reads at indices: gather, gather-elements, gather-nd. Indices out of range stop the run.
package struct GatherTactics: TacticSource {
  package let name = "cpu.gather"

  package init() {}

  package func tactics(for region: Region) -> [Tactic] {
    guard
      region.operation is Gather || region.operation is GatherElements
        || region.operation is GatherND,
      let data = region.operands[0], data.element.bitWidth >= 8,
      let indices = region.operands[1], indices.element == .int64 || indices.element == .int32
    else { return [] }
    return [Tactic(source: name, name: "indexed")]
  }

  package func instantiate(
    _ tactic: Tactic, _ instance: inout RegionInstance
  ) throws(TacticError) {
    switch instance.region.operation {
    case let gather as Gather: try self.gather(gather, tactic, &instance)
    case let gather as GatherElements: try elements(gather, tactic, &instance)
    case let gather as GatherND: try tuples(gather, tactic, &instance)
    default: throw .unknown(tactic)
    }
  }

  private func buffers(
    _ instance: RegionInstance
  ) -> (source: apus_buffer, target: apus_buffer, indices: apus_buffer, size: UInt32) {
    var source = apus_buffer()
    source.slot = instance.slot(operand: 0)
    var target = apus_buffer()
    target.slot = instance.slot(result: 0)
    var indices = apus_buffer()
    indices.slot = instance.slot(operand: 1)
    indices.element = UInt32((instance.operandTypes[1]?.element.kernelElement ?? APUS_I64).rawValue)
    return (source, target, indices, UInt32((instance.operandTypes[0]?.element.bitWidth ?? 8) / 8))
  }

  private func gather(
    _ gather: Gather, _ tactic: Tactic, _ instance: inout RegionInstance
  ) throws(TacticError) {
    let data = instance.shape(operand: 0)
    guard let axis = try? normalize(axis: gather.axis, rank: data.count) else {
      throw .unsuitable(tactic, reason: "the axis does not fit")
    }
    var arguments = apus_gather_args()
    (arguments.source, arguments.target, arguments.indices, arguments.element_size) = buffers(
      instance)
    arguments.outer = Int64(data[..<axis].reduce(1, *))
    arguments.axis = Int64(data[axis])
    arguments.inner = Int64(data[(axis + 1)...].reduce(1, *))
    arguments.count = Int64(instance.shape(operand: 1).reduce(1, *))
    let block = ArgumentBlock()
    unsafe block.store(arguments)
    unsafe instance.append(
      KernelStep(run: apus_gather_run, arguments: block, chunks: apus_gather_chunks(&arguments)))
  }

  private func elements(
    _ gather: GatherElements, _ tactic: Tactic, _ instance: inout RegionInstance
  ) throws(TacticError) {
    let data = instance.shape(operand: 0)
    let shape = instance.shape(operand: 1)
    guard let axis = try? normalize(axis: gather.axis, rank: data.count),
      data.count <= Int(APUS_MAX_RANK)
    else { throw .unsuitable(tactic, reason: "the axis or rank does not fit") }
    var arguments = apus_gather_elements_args()
    (arguments.source, arguments.target, arguments.indices, arguments.element_size) = buffers(
      instance)
    arguments.rank = UInt32(data.count)
    arguments.axis = UInt32(axis)
    arguments.axis_extent = Int64(data[axis])
    fill(&arguments.extent, shape)
    fill(&arguments.source_stride, rowMajorStrides(data))
    let block = ArgumentBlock()
    unsafe block.store(arguments)
    unsafe instance.append(
      KernelStep(
        run: apus_gather_elements_run, arguments: block,
        chunks: apus_gather_elements_chunks(&arguments)))
  }

  private func tuples(
    _ gather: GatherND, _ tactic: Tactic, _ instance: inout RegionInstance
  ) throws(TacticError) {
    let data = instance.shape(operand: 0)
    let indices = instance.shape(operand: 1)
    let batch = gather.batchDimensions
    guard let depth = indices.last, depth >= 0, depth <= Int(APUS_MAX_RANK), batch >= 0,
      batch + depth <= data.count, batch < indices.count
    else { throw .unsuitable(tactic, reason: "the index tuples do not fit") }
    var arguments = apus_gather_nd_args()
    (arguments.source, arguments.target, arguments.indices, arguments.element_size) = buffers(
      instance)
    arguments.depth = UInt32(depth)
    arguments.batches = Int64(data[..<batch].reduce(1, *))
    arguments.count = Int64(indices[batch..<(indices.count - 1)].reduce(1, *))
    fill(&arguments.extent, Array(data[batch..<(batch + depth)]))
    arguments.slice = Int64(data[(batch + depth)...].reduce(1, *))
    let block = ArgumentBlock()
    unsafe block.store(arguments)
    unsafe instance.append(
      KernelStep(
        run: apus_gather_nd_run, arguments: block, chunks: apus_gather_nd_chunks(&arguments)))
  }
}
