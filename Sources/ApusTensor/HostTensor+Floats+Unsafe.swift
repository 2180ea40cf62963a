extension HostTensor {
  /// A float32 tensor of rank 1 from values, copied once.
  package init(float32 values: [Float]) throws(TensorError) {
    let storage = try Storage.uninitialized(byteCount: values.count * 4)
    unsafe values.withUnsafeBytes { source in
      if let start = source.baseAddress, source.count > 0 {
        unsafe storage.address.copyMemory(from: start, byteCount: source.count)
      }
    }
    try self.init(.float32, shape: [values.count], storage: storage)
  }
}
