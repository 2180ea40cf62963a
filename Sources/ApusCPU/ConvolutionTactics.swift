package import ApusEngine
internal import ApusIR
internal import ApusLoops
internal import ApusTensor
internal import CApusCPU
internal import CApusPlatform

/// Convolutions of one or two spatial dimensions: implicit products over packed weights, and direct
/// depth-wise kernels, both with fused epilogues.
package struct ConvolutionTactics: TacticSource {
  package let name = "cpu.convolution"

  package init() {}

  package func tactics(for region: Region) -> [Tactic] {
    guard let convolution = region.operation as? Convolution,
      let data = region.operands[0], let weight = region.operands[1],
      data.element == .float32, weight.element == .float32,
      let shape = weight.type.fixedShape, shape.count == 3 || shape.count == 4,
      data.type.rank == shape.count, region.constant(1) != nil,
      convolution.epilogue.map({ EpilogueLowering.isSupported($0) }) ?? true
    else { return [] }
    if shape[1] == 1, convolution.group > 1, data.type.extents?[1] == .fixed(convolution.group) {
      return [
        Tactic(source: name, name: "depthwise", parameters: [GemmTactics.variants()[0].index])
      ]
    }
    let implicit = GemmTactics.variants().map {
      Tactic(source: name, name: "implicit.\($0.name)", parameters: [$0.index])
    }
    return productTactics(convolution, region) + implicit
  }

  package func pack(_ tactic: Tactic, _ region: Region) throws(TacticError) -> [PackedWeight] {
    if isProduct(tactic) { return try packProduct(tactic, region) }
    guard var arguments = try packingArguments(tactic, region), let weight = region.constant(1)
    else { return [] }
    do {
      let dense = try weight.densified()
      let bytes = unsafe apus_conv_packed_weight_bytes(&arguments)
      let storage = try Storage.allocate(byteCount: bytes)
      GemmPacking.packConvolution(arguments, dense, into: storage)
      return [
        PackedWeight(
          operand: 1, tensor: try HostTensor(.float32, shape: [bytes / 4], storage: storage))
      ]
    } catch { throw .tensor(error) }
  }

  package func packedByteCounts(
    _ tactic: Tactic, _ region: Region
  ) throws(TacticError) -> [Int: Int] {
    if isProduct(tactic) { return try packedProductByteCounts(tactic, region) }
    guard var arguments = try packingArguments(tactic, region) else { return [:] }
    return unsafe [1: apus_conv_packed_weight_bytes(&arguments)]
  }

  /// What the layout of packed weights depends on; nil where the tactic packs none.
  private func packingArguments(
    _ tactic: Tactic, _ region: Region
  ) throws(TacticError) -> apus_conv_args? {
    guard tactic.name != "depthwise", let weight = region.constant(1),
      let convolution = region.operation as? Convolution
    else { return nil }
    guard let variant = tactic.parameters.first, variant >= 0,
      variant < apus_gemm_variant_count(), (3...4).contains(weight.rank)
    else { throw .unknown(tactic) }
    // A splat may have any shape; what is rounded up to whole tiles must have a size.
    let (channels, overflow) = weight.shape[1].multipliedReportingOverflow(by: convolution.group)
    guard !overflow, channels < 1 << 40, (1..<(1 << 40)).contains(convolution.group),
      weight.shape.allSatisfy({ $0 < 1 << 40 }),
      (try? HostTensor.byteCount(
        .float32, [weight.shape[0] + 64 * convolution.group] + weight.shape[1...])) != nil
    else { throw .tensor(.tooLarge(element: .float32, shape: weight.shape)) }
    var arguments = apus_conv_args()
    arguments.variant = UInt32(variant)
    let shape =
      weight.shape.count == 3
      ? [weight.shape[0], weight.shape[1], 1, weight.shape[2]] : weight.shape
    arguments.groups = Int64(convolution.group)
    arguments.output_channels = Int64(shape[0])
    arguments.input_channels = Int64(channels)
    arguments.kernel_height = Int64(shape[2])
    arguments.kernel_width = Int64(shape[3])
    return arguments
  }

  package func instantiate(
    _ tactic: Tactic, _ instance: inout RegionInstance
  ) throws(TacticError) {
    guard let convolution = instance.region.operation as? Convolution,
      let variant = tactic.parameters.first, variant >= 0, variant < apus_gemm_variant_count()
    else { throw .unknown(tactic) }
    let block = ArgumentBlock()
    if isProduct(tactic) {
      return try instantiateProduct(convolution, variant, tactic, &instance, block)
    }
    let isDepthwise = tactic.name == "depthwise"
    var arguments = try geometry(convolution, instance, tactic)
    arguments.variant = UInt32(variant)
    arguments.input.slot = instance.slot(operand: 0)
    arguments.output.slot = instance.slot(result: 0)
    arguments.weight.slot = instance.slot(packed: 1) ?? instance.slot(operand: 1)
    arguments.epilogue = try epilogue(convolution, instance, tactic, block)
    if isDepthwise {
      arguments.scratch_slot = unsafe instance.scratch(
        bytesPerWorker: apus_depthwise_scratch_bytes(&arguments))
      unsafe block.store(arguments)
      unsafe instance.append(
        KernelStep(
          run: apus_depthwise_run, arguments: block, chunks: apus_depthwise_chunks(&arguments)))
      return
    }
    arguments.scratch_slot = unsafe instance.scratch(
      bytesPerWorker: apus_conv_scratch_bytes(&arguments))
    arguments.patches_slot = unsafe instance.workspace(
      byteCount: apus_conv_patches_bytes(&arguments))
    unsafe block.store(arguments)
    unsafe instance.append(
      KernelStep(
        run: apus_conv_prepare_run, arguments: block,
        chunks: apus_conv_prepare_chunks(&arguments)))
    unsafe instance.append(
      KernelStep(run: apus_conv_run, arguments: block, chunks: apus_conv_chunks(&arguments)))
  }

  /// What follows the sums; `perPixel` says whether there are pixels beside batch and channel.
  func epilogue(
    _ convolution: Convolution, _ instance: RegionInstance, _ tactic: Tactic,
    _ block: ArgumentBlock, perPixel: Bool = true
  ) throws(TacticError) -> apus_epilogue {
    var epilogue = apus_epilogue()
    if let program = convolution.epilogue {
      guard !convolution.hasBias else {
        throw .unsuitable(tactic, reason: "bias and epilogue must be one program")
      }
      let slots = (2..<(1 + program.operands.count)).map { instance.slot(operand: $0) }
      let strides = try epilogueStrides(instance, first: 2, count: slots.count, tactic)
      let lowering = EpilogueLowering(
        program: program, result: instance.slot(result: 0),
        strides: perPixel ? strides : strides.map { Array($0[..<2]) }, slots: slots)
      guard let lowered = lowering.lower(rows: perPixel ? 1 : 0, into: block) else {
        throw .unsuitable(tactic, reason: "the epilogue has no kernel form")
      }
      epilogue = lowered
    } else if convolution.hasBias, perPixel {
      epilogue.row_bias.slot = instance.slot(operand: 2)
      epilogue.row_bias_stride = 1
    } else if convolution.hasBias {
      epilogue.column_bias.slot = instance.slot(operand: 2)
      epilogue.column_bias_stride = 1
    }
    return epilogue
  }

  private func geometry(
    _ convolution: Convolution, _ instance: RegionInstance, _ tactic: Tactic
  ) throws(TacticError) -> apus_conv_args {
    func planar(_ shape: [Int]) -> [Int] {
      shape.count == 3 ? [shape[0], shape[1], 1, shape[2]] : shape
    }
    let input = planar(instance.shape(operand: 0))
    let output = planar(instance.shape(result: 0))
    let kernel = planar(instance.shape(operand: 1))
    guard input.count == 4, output.count == 4, kernel.count == 4 else {
      throw .unsuitable(tactic, reason: "not a 1-D or 2-D convolution")
    }
    let spatial = instance.shape(operand: 0).count - 2
    let window = convolution.window(
      input: Array(instance.shape(operand: 0).suffix(spatial)),
      kernel: Array(instance.shape(operand: 1).suffix(spatial)))
    func pair(_ values: [Int], default one: Int) -> (Int, Int) {
      values.count == 1 ? (one, values[0]) : (values[0], values[1])
    }
    var arguments = apus_conv_args()
    arguments.batch = Int64(input[0])
    arguments.groups = Int64(convolution.group)
    arguments.input_channels = Int64(input[1])
    arguments.output_channels = Int64(output[1])
    arguments.height = Int64(input[2])
    arguments.width = Int64(input[3])
    arguments.output_height = Int64(output[2])
    arguments.output_width = Int64(output[3])
    arguments.input_channel_stride = Int64(input[2] * input[3])
    arguments.input_batch_stride = Int64(input[1] * input[2] * input[3])
    arguments.output_channel_stride = Int64(output[2] * output[3])
    arguments.output_batch_stride = Int64(output[1] * output[2] * output[3])
    arguments.kernel_height = Int64(kernel[2])
    arguments.kernel_width = Int64(kernel[3])
    let strides = pair(window.strides, default: 1)
    let dilations = pair(window.dilations, default: 1)
    let pads = pair(window.padsBefore, default: 0)
    arguments.stride_height = Int64(strides.0)
    arguments.stride_width = Int64(strides.1)
    arguments.dilation_height = Int64(dilations.0)
    arguments.dilation_width = Int64(dilations.1)
    arguments.pad_top = Int64(pads.0)
    arguments.pad_left = Int64(pads.1)
    return arguments
  }

  /// Strides over (batch, channel, pixel) of the result and of each further operand.
  private func epilogueStrides(
    _ instance: RegionInstance, first: Int, count: Int, _ tactic: Tactic
  ) throws(TacticError) -> [[Int]] {
    let shape = instance.shape(result: 0)
    let pixels = shape[2...].reduce(1, *)
    var all = [[shape[1] * pixels, pixels, 1]]
    for index in 0..<count {
      let strides = IterationSpace.broadcastStrides(
        instance.shape(operand: first + index), to: shape)
      var space = IterationSpace(
        extents: Array(shape[2...]),
        strides: [Array(strides[2...]), Array(rowMajorStrides(shape)[2...])])
      space.collapse()
      guard space.extents.count <= 1 else {
        throw .unsuitable(tactic, reason: "an epilogue operand broadcasts along one image axis")
      }
      all.append([strides[0], strides[1], space.extents.isEmpty ? 0 : space.strides[0][0]])
    }
    return all
  }
}
