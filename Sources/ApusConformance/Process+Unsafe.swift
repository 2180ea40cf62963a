#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Writes at once, so that a reader knows which case runs even if the process dies.
func writeOutput(_ text: String) { write(text, to: 1) }

func writeError(_ text: String) { write(text, to: 2) }

/// A path for a file of this process alone.
func temporaryPath(_ suffix: String) -> String { "/tmp/apus-conformance-\(getpid())\(suffix)" }

func exitProcess(_ code: Int32) -> Never { exit(code) }

private func write(_ text: String, to descriptor: Int32) {
  Array(text.utf8).withUnsafeBytes { bytes in
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest)
      let count = write(descriptor, part.baseAddress, part.count)
      if count < 0 { return }
      rest = rest.dropFirst(count)
    }
  }
}
