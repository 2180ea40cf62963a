package import ApusEngine
internal import ApusIR
internal import ApusTensor
internal import CApusCPU
internal import CApusPlatform

/// Pooling windows over one or two spatial axes.
package struct PoolTactics: TacticSource {
  package let name = "cpu.pool"

  package init() {}

  package func tactics(for region: Region) -> [Tactic] {
    guard let pool = region.operation as? Pool, !pool.indices, pool.kind != .sum,
      pool.kernel.count == 1 || pool.kernel.count == 2,
      region.operands[0]?.element == .float32
    else { return [] }
    return [Tactic(source: name, name: "planes")]
  }

  package func instantiate(
    _ tactic: Tactic, _ instance: inout RegionInstance
  ) throws(TacticError) {
    guard let pool = instance.region.operation as? Pool else { throw .unknown(tactic) }
    let input = instance.shape(operand: 0)
    let output = instance.shape(result: 0)
    let window = pool.window(input: Array(input[2...]), kernel: pool.kernel)
    func pair(_ values: [Int], _ one: Int) -> (Int64, Int64) {
      values.count == 1 ? (Int64(one), Int64(values[0])) : (Int64(values[0]), Int64(values[1]))
    }
    var arguments = apus_pooling_args()
    arguments.input.slot = instance.slot(operand: 0)
    arguments.output.slot = instance.slot(result: 0)
    arguments.kind = UInt32(
      (pool.kind == .maximum ? APUS_POOL_MAX : APUS_POOL_AVERAGE).rawValue)
    arguments.count_include_pad = pool.includePadding ? 1 : 0
    arguments.planes = Int64(input[0] * input[1])
    (arguments.height, arguments.width) = pair(Array(input[2...]), 1)
    (arguments.output_height, arguments.output_width) = pair(Array(output[2...]), 1)
    (arguments.kernel_height, arguments.kernel_width) = pair(window.kernel, 1)
    (arguments.stride_height, arguments.stride_width) = pair(window.strides, 1)
    (arguments.dilation_height, arguments.dilation_width) = pair(window.dilations, 1)
    (arguments.pad_top, arguments.pad_left) = pair(window.padsBefore, 0)
    (arguments.pad_bottom, arguments.pad_right) = pair(window.padsAfter, 0)
    let block = ArgumentBlock()
    unsafe block.store(arguments)
    unsafe instance.append(
      KernelStep(run: apus_pooling_run, arguments: block, chunks: apus_pooling_chunks(&arguments)))
  }
}
