internal import ApusEngine
internal import ApusIR
internal import ApusTensor
internal import CApusCPU
internal import CApusPlatform

/// Convolutions of images of one pixel, as in squeeze-and-excitation: products of the batch's rows
/// with the weights, of which no panel is mostly padding.
extension ConvolutionTactics {
  func isProduct(_ tactic: Tactic) -> Bool { tactic.name.hasPrefix("product.") }

  func productTactics(_ convolution: Convolution, _ region: Region) -> [Tactic] {
    let extents = [region.operands[0], region.operands[1], region.results.first].map {
      $0?.type.extents?.dropFirst(2).allSatisfy { $0 == .fixed(1) } ?? false
    }
    guard convolution.group == 1, extents.allSatisfy({ $0 }), seesPixel(convolution) else {
      return []
    }
    return GemmTactics.variants().map {
      Tactic(source: name, name: "product.\($0.name)", parameters: [$0.index])
    }
  }

  /// Whether the only window lies on the pixel, not on padding before it.
  private func seesPixel(_ convolution: Convolution) -> Bool {
    convolution.padding != .explicit || convolution.pads.allSatisfy { $0 == 0 }
  }

  func packProduct(_ tactic: Tactic, _ region: Region) throws(TacticError) -> [PackedWeight] {
    guard let bytes = try packedProductByteCounts(tactic, region)[1],
      let variant = tactic.parameters.first, let weight = region.constant(1)
    else { return [] }
    do {
      let dense = try weight.densified()
      let storage = try Storage.allocate(byteCount: bytes)
      let (outputs, channels) = (weight.shape[0], weight.shape[1])
      GemmPacking.packRight(
        variant, k: channels, n: outputs, dense, row: 1, column: channels, into: storage)
      return [
        PackedWeight(
          operand: 1, tensor: try HostTensor(.float32, shape: [bytes / 4], storage: storage))
      ]
    } catch { throw .tensor(error) }
  }

  func packedProductByteCounts(
    _ tactic: Tactic, _ region: Region
  ) throws(TacticError) -> [Int: Int] {
    guard let variant = tactic.parameters.first, variant >= 0,
      variant < apus_gemm_variant_count(), let weight = region.constant(1),
      (3...4).contains(weight.rank), weight.shape[2...].allSatisfy({ $0 == 1 })
    else { throw .unknown(tactic) }
    // A splat may have any shape; what is rounded up to whole panels must have a size.
    guard weight.shape.allSatisfy({ $0 < 1 << 40 }),
      (try? HostTensor.byteCount(.float32, [weight.shape[0] + 64, weight.shape[1]])) != nil
    else { throw .tensor(.tooLarge(element: .float32, shape: weight.shape)) }
    return [
      1: apus_gemm_packed_b_bytes(
        UInt32(variant), Int64(weight.shape[1]), Int64(weight.shape[0]))
    ]
  }

  func instantiateProduct(
    _ convolution: Convolution, _ variant: Int, _ tactic: Tactic, _ instance: inout RegionInstance,
    _ block: ArgumentBlock
  ) throws(TacticError) {
    let (input, output) = (instance.shape(operand: 0), instance.shape(result: 0))
    guard let packed = instance.slot(packed: 1), (3...4).contains(input.count),
      convolution.group == 1, seesPixel(convolution), input[2...].allSatisfy({ $0 == 1 }),
      output[2...].allSatisfy({ $0 == 1 }), instance.shape(operand: 1)[1] == input[1]
    else { throw .unsuitable(tactic, reason: "not a product of packed weights with pixels") }
    var arguments = apus_gemm_args()
    arguments.variant = UInt32(variant)
    arguments.m = Int64(input[0])
    arguments.n = Int64(output[1])
    arguments.k = Int64(input[1])
    arguments.a.buffer.slot = instance.slot(operand: 0)
    arguments.a.row = Int64(input[1])
    arguments.a.column = 1
    arguments.b.buffer.slot = packed
    arguments.b.layout = UInt32(APUS_GEMM_PACKED.rawValue)
    arguments.c.buffer.slot = instance.slot(result: 0)
    arguments.c.row = Int64(output[1])
    arguments.c.column = 1
    arguments.epilogue = try epilogue(convolution, instance, tactic, block, perPixel: false)
    arguments.scratch_slot = unsafe instance.scratch(
      bytesPerWorker: apus_gemm_scratch_bytes(&arguments))
    unsafe block.store(arguments)
    unsafe instance.append(
      KernelStep(run: apus_gemm_run, arguments: block, chunks: apus_gemm_chunks(&arguments)))
  }
}
