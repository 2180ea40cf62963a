internal import ApusTensor
internal import CApusCPU

/// Calls of the packing kernels on tensors.
enum GemmPacking {
  /// Packs a dense right operand; `storage` holds `apus_gemm_packed_b_bytes`.
  static func packRight(
    _ variant: Int, k: Int, n: Int, _ weight: HostTensor, row: Int, column: Int,
    into storage: Storage
  ) {
    unsafe weight.withBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      unsafe apus_gemm_pack_b(
        UInt32(variant), Int64(k), Int64(n), base.assumingMemoryBound(to: Float.self), Int64(row),
        Int64(column), storage.address.assumingMemoryBound(to: Float.self))
    }
  }

  /// Packs convolution weights; `storage` holds `apus_conv_packed_weight_bytes`.
  static func packConvolution(
    _ arguments: apus_conv_args, _ weight: HostTensor, into storage: Storage
  ) {
    var arguments = arguments
    unsafe weight.withBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      unsafe apus_conv_pack_weight(
        &arguments, base.assumingMemoryBound(to: Float.self),
        storage.address.assumingMemoryBound(to: Float.self))
    }
  }
}
