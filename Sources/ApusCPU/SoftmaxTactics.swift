package import ApusEngine
internal import ApusIR
internal import ApusTensor
internal import CApusCPU
internal import CApusPlatform

/// Softmax and log-softmax along any axis.
package struct SoftmaxTactics: TacticSource {
  package let name = "cpu.softmax"

  package init() {}

  package func tactics(for region: Region) -> [Tactic] {
    guard region.operation is Softmax, region.operands[0]?.element == .float32 else { return [] }
    return [Tactic(source: name, name: "lines")]
  }

  package func instantiate(
    _ tactic: Tactic, _ instance: inout RegionInstance
  ) throws(TacticError) {
    let shape = instance.shape(operand: 0)
    guard let softmax = instance.region.operation as? Softmax,
      let axis = try? normalize(axis: softmax.axis, rank: shape.count)
    else { throw .unknown(tactic) }
    let inner = shape[(axis + 1)...].reduce(1, *)
    let strides = [shape[axis] * inner, inner, 1]
    var arguments = apus_softmax_args()
    arguments.input.slot = instance.slot(operand: 0)
    arguments.output.slot = instance.slot(result: 0)
    arguments.outer = Int64(shape[..<axis].reduce(1, *))
    arguments.axis = Int64(shape[axis])
    arguments.inner = Int64(inner)
    fill(&arguments.input_stride, strides)
    fill(&arguments.output_stride, strides)
    arguments.logarithm = softmax.logarithm ? 1 : 0
    arguments.scratch = unsafe instance.scratch(
      bytesPerWorker: apus_softmax_scratch_bytes(&arguments))
    let block = ArgumentBlock()
    unsafe block.store(arguments)
    unsafe instance.append(
      KernelStep(run: apus_softmax_run, arguments: block, chunks: apus_softmax_chunks(&arguments)))
  }
}
