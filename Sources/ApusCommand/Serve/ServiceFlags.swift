#if Server
internal import Apus
internal import ApusServing
internal import ArgumentParser

/// What requests may use.
struct ServiceFlags: ParsableArguments {
  @Option(help: "The server's name for clients.") var id = "apus"
  @Option(help: "Lets clients name shared memory of this machine.") var allowClientShm = Switch(
    false)
  @Option(
    help: "local,size=BYTES: answers of models that ask for it are kept and given again.")
  var cacheConfig: [String] = []
  @Option(help: "execution_count: instances wait for the resources that they name; or off.")
  var rateLimit = "off"
  @Option(help: "NAME:COUNT or NAME:COUNT:DEVICE: how much of a resource there is.")
  var rateLimitResource: [String] = []
  @Option(help: "Threads that models compute on; 0 takes every processor.") var threads = 0
  @Option(help: "Seconds that requests in flight get after the signal to exit.")
  var exitTimeoutSecs = 30
  @Option(
    help: """
      Seconds between saying 'not ready' and closing the ports when SIGTERM comes, so that nobody \
      is sent here any more.
      """)
  var drainDelaySecs = 5

  func fill(_ options: inout ServerOptions) throws(ApusError) {
    options.identifier = id
    options.allowsSharedMemory = allowClientShm.isOn
    try RepositoryFlags.check(threads, "threads", 0...4096)
    try RepositoryFlags.check(exitTimeoutSecs, "exit-timeout-secs", 0...86_400)
    try RepositoryFlags.check(drainDelaySecs, "drain-delay-secs", 0...86_400)
    for text in cacheConfig { options.cacheByteCount = try Self.cacheSize(text) }
    switch rateLimit {
    case "off": break
    case "execution_count": options.limitsRate = true
    default:
      throw ApusError(
        .invalidInput, "--rate-limit is execution_count or off, found '\(rateLimit)'")
    }
    for text in rateLimitResource {
      let parts = text.split(separator: ":").map(String.init)
      guard parts.count == 2 || parts.count == 3, let count = Int(parts[1]), count >= 0 else {
        throw ApusError(
          .invalidInput, "--rate-limit-resource has the form NAME:COUNT, found '\(text)'")
      }
      options.resources[parts[0]] = count
    }
  }

  private static func cacheSize(_ text: String) throws(ApusError) -> Int {
    let parts = text.split(separator: ",", maxSplits: 1).map(String.init)
    let pair = (parts.last ?? "").split(separator: "=").map(String.init)
    guard parts.count == 2, parts[0] == "local", pair.count == 2, pair[0] == "size" else {
      throw ApusError(
        .invalidInput, "--cache-config has the form local,size=BYTES, found '\(text)'")
    }
    return try ByteSize.parse(pair[1], "--cache-config")
  }
}
#endif
