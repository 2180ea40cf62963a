/// Bytes of a registered region that a request names.
package struct SharedMemoryRange: Hashable, Sendable {
  package let region: String
  package let offset: Int
  package let byteCount: Int

  package init(region: String, offset: Int, byteCount: Int) {
    self.region = region
    self.offset = offset
    self.byteCount = byteCount
  }
}
