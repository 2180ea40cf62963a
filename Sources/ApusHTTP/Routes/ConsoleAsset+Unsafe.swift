#if Server
internal import CApusConsole
internal import NIOCore

/// The console's files as they are embedded in the program.
enum Asset {
  static let index = unsafe buffer(apus_console_page)
  static let style = unsafe buffer(apus_console_style)
  static let script = unsafe buffer(apus_console_script)

  private static func buffer(
    _ file: (UnsafeMutablePointer<Int>?) -> UnsafePointer<UInt8>?
  ) -> ByteBuffer {
    var size = 0
    guard let start = unsafe file(&size) else { return ByteBuffer() }
    return unsafe ByteBuffer(bytes: UnsafeRawBufferPointer(start: start, count: size))
  }
}
#endif
