package import ApusTensor

extension Storage {
  /// Memory for what a request brings or asks for, its content unspecified. Where there is none, another
  /// moment or server may have some.
  package static func serving(byteCount: Int) throws(ServingError) -> Storage {
    do { return try uninitialized(byteCount: byteCount) } catch {
      throw ServingError(.unavailable, "no memory for \(byteCount) bytes")
    }
  }
}
