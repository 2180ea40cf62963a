#if Server
internal import CApusConsole

/// The console's files as they are embedded in the program.
enum Asset {
  static let index = unsafe bytes(apus_console_page)
  static let style = unsafe bytes(apus_console_style)
  static let script = unsafe bytes(apus_console_script)

  private static func bytes(
    _ file: (UnsafeMutablePointer<Int>?) -> UnsafePointer<UInt8>?
  ) -> [UInt8] {
    var size = 0
    guard let start = unsafe file(&size) else { return [] }
    return unsafe Array(UnsafeBufferPointer(start: start, count: size))
  }
}
#endif
