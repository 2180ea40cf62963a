#if Server
internal import ApusServing
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// One connection of HTTP/1.1, all of it on its event loop: reads calls one after the other, hands them to
/// the application, and writes the answers. A call that follows before the answer is there waits.
final class HTTPConnection: ChannelDuplexHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundIn = Never
  typealias OutboundOut = ByteBuffer

  /// What the connection is about, and since when, for its time limits.
  enum Phase {
    case idle, head, body, answering
    /// The answer is out, what the client still sends is not read any more.
    case lingering
  }

  /// A head that was read, with what follows from it alone.
  final class Head: Sendable {
    let call: CallHead
    let version: HTTPVersion
    let isHeadMethod: Bool
    let keepsAlive: Bool
    /// Of the body.
    let limit: Int
    /// What the application knows the path as.
    let route: Route?
    /// What was last understood of a body behind this head.
    let recent = RecentInference()

    init(_ head: HTTPRequestHead, _ call: CallHead, limit: Int, route: Route?) {
      self.call = call
      version = head.version
      isHeadMethod = head.method == .HEAD
      // What would be another protocol is not, and the parser reads nothing behind it.
      keepsAlive =
        head.isKeepAlive && head.method != .CONNECT
        && !head.headers[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" }
      self.limit = limit
      self.route = route
    }

    /// Bytes of the body; nil where only the body tells.
    var bodyLength: Int? { call.headers.contentLength ?? (call.headers.isChunked ? nil : 0) }
  }

  /// A call from its head to the end of its answer.
  final class Current {
    let number: UInt64
    let head: Head
    /// Nil where the body is not wanted any more.
    var collector: BodyCollector?
    var isRead = false
    /// Whether the answer has begun, and whether all of it is written.
    var isBegun = false
    var isAnswered = false
    var isChunked = false
    var handle: RequestHandle?

    init(_ number: UInt64, _ head: Head) {
      self.number = number
      self.head = head
    }
  }

  /// How many heads and ends of messages the parser has told of.
  struct Told {
    var heads = 0
    var ends = 0
  }

  let application: any HTTPApplication
  let settings: ConnectionSettings
  var context: ChannelHandlerContext?
  var current: Current?
  var phase = Phase.head
  /// When the watch first saw the phase; nil before.
  var phaseSeen: NIODeadline?
  /// Of the body.
  var bytesRead = 0
  /// Whether the connection ends with the answer under way.
  var isClosing = false
  private(set) var told = Told()
  /// The head that was begun last, where the same bytes would be begun the same way.
  private(set) var lastHead: Head?
  private var arrival: UInt64 = 0
  private var calls: UInt64 = 0
  /// Parts of calls that came too early.
  private var waiting = CircularBuffer<HTTPServerRequestPart>()
  private var isPumping = false
  private var isReadHeld = false
  private var watch: RepeatedTask?
  /// Bytes of all answers so far.
  var written = 0
  /// How many of them had left at the last look, and when that last became more.
  var sent = 0
  var unsentSince = NIODeadline.now()

  /// Parts of early calls that are held before reading stops.
  private static let mostWaiting = 64

  let allocator = ByteBufferAllocator()

  init(_ application: any HTTPApplication, _ settings: ConnectionSettings) {
    self.application = application
    self.settings = settings
  }

  // MARK: Life

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    let loop = context.eventLoop
    let connection = NIOLoopBound(self, eventLoop: loop)
    watch = loop.scheduleRepeatedTask(
      initialDelay: settings.watchInterval, delay: settings.watchInterval
    ) { _ in connection.value.checkTimes() }
  }

  func handlerRemoved(context: ChannelHandlerContext) { leave() }

  func channelInactive(context: ChannelHandlerContext) {
    leave()
    context.fireChannelInactive()
  }

  private func leave() {
    watch?.cancel()
    watch = nil
    let handle = current?.handle
    current = nil
    waiting.removeAll()
    context = nil
    handle?.cancel()
  }

  func enter(_ phase: Phase) {
    self.phase = phase
    phaseSeen = nil
  }

  /// Called as bytes come in, before they are understood.
  func bytesArrived() {
    guard phase == .idle || phase == .head && arrival == 0 else { return }
    arrival = Clock.now()
    if phase == .idle { enter(.head) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is ChannelShouldQuiesceEvent else {
      return context.fireUserInboundEventTriggered(event)
    }
    isClosing = true
    if current == nil, waiting.isEmpty { context.close(promise: nil) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let error = error as? HTTPParserError, phase != .lingering else {
      return context.close(promise: nil)
    }
    isClosing = true
    // A call that is being answered gets its answer; what followed it was the mistake.
    guard current == nil || current?.isRead == false, current?.isBegun != true else { return }
    refuse(
      error == .headerOverflow
        ? .error(.headersTooLarge, "the headers are too large")
        : .error(.badRequest, "the request is no HTTP: \(error)"))
  }

  /// Answers what cannot be read any further, and ends.
  func refuse(_ answer: HTTPAnswer) {
    guard let context else { return }
    let handle = current?.handle
    current = nil
    isClosing = true
    handle?.cancel()
    write(answer, to: context, isHead: false, keepsAlive: false, version: .http1_1)
    linger(context)
  }

  // MARK: Reading

  func read(context: ChannelHandlerContext) {
    if mayRead(context) { context.read() } else { isReadHeld = true }
  }

  private func mayRead(_ context: ChannelHandlerContext) -> Bool {
    waiting.count < Self.mostWaiting && context.channel.isWritable
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable {
      if current == nil, !isClosing { pump() }
      readOn()
    }
    context.fireChannelWritabilityChanged()
  }

  private func readOn() {
    guard isReadHeld, let context, mayRead(context) else { return }
    isReadHeld = false
    context.read()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let part = unwrapInboundIn(data)
    switch part {
    case .head:
      told.heads += 1
      lastHead = nil
    case .body: break
    case .end: told.ends += 1
    }
    guard phase != .lingering else { return }
    if !waiting.isEmpty || current?.isRead == true || current == nil && isBlocked {
      waiting.append(part)
    } else {
      process(part)
    }
  }

  /// Whether the next byte, where the parser holds none back, begins a call that can be begun at once.
  var isBetweenCalls: Bool {
    current == nil && waiting.isEmpty && !isClosing && phase != .lingering && !isBlocked
  }

  /// Whether the client has to read answers before it gets more.
  private var isBlocked: Bool { context?.channel.isWritable == false }

  private func process(_ part: HTTPServerRequestPart) {
    switch part {
    case .head(let head): begin(head)
    case .body(let bytes): collect(bytes)
    case .end: endOfCall()
    }
  }

  private func begin(_ head: HTTPRequestHead) {
    guard !isClosing else { return }
    let headers = CallHeaders(head.headers)
    let path = head.uri.utf8.firstIndex(of: UInt8(ascii: "?")).map { String(head.uri[..<$0]) }
    let call = CallHead(
      isGet: head.method == .GET, isPost: head.method == .POST, path: path ?? head.uri,
      headers: headers)
    switch application.admit(call) {
    case .refused(let answer):
      let head = Head(head, call, limit: 0, route: nil)
      take(head)
      if let length = headers.contentLength, length > settings.maxUnwanted { isClosing = true }
      send({ answer }, call: calls)
    case .body(let limit, let route):
      let head = Head(head, call, limit: limit, route: route)
      begin(head)
      if !headers.expectsContinue { lastHead = head }
    }
  }

  private func take(_ head: Head) {
    calls &+= 1
    bytesRead = 0
    enter(.body)
    current = Current(calls, head)
  }

  /// Begins a call that was admitted.
  func begin(_ head: Head) {
    take(head)
    let headers = head.call.headers
    if let length = headers.contentLength, length > head.limit {
      if length > settings.maxUnwanted { isClosing = true }
      return send({ application.tooLarge(length) }, call: calls)
    }
    do throws(ServingError) {
      current?.collector = try BodyCollector(
        expected: head.bodyLength, headerLength: headers.plausibleHeaderLength)
    } catch {
      let error = error
      isClosing = true
      return send({ .error(error) }, call: calls)
    }
    if headers.expectsContinue, head.version != .http1_0, let context { writeContinue(context) }
  }

  /// Takes bytes of the body.
  func collect(_ bytes: ByteBuffer) {
    guard phase != .lingering else { return }
    bytesRead &+= bytes.readableBytes
    guard let call = current, let count = call.collector?.count else {
      // It is answered already.
      if bytesRead > settings.maxUnwanted, let context { linger(context) }
      return
    }
    guard bytes.readableBytes <= call.head.limit - count else {
      call.collector = nil
      // How much more would come is not known.
      isClosing = true
      return send({ application.tooLarge(count + bytes.readableBytes) }, call: call.number)
    }
    do throws(ServingError) { try call.collector?.append(bytes) } catch {
      call.collector = nil
      let error = error
      isClosing = true
      send({ .error(error) }, call: call.number)
    }
  }

  /// The body is there.
  func endOfCall() {
    guard phase != .lingering, let context, let call = current else { return }
    call.isRead = true
    guard let collector = call.collector else {
      if call.isAnswered { next() }
      return
    }
    call.collector = nil
    enter(.answering)
    let head = call.head
    let request = HTTPCall(
      head: head.call, route: head.route, body: collector.body, arrival: arrival,
      recent: head.recent)
    arrival = 0
    let sink = CallSink(self, context.eventLoop, number: call.number)
    guard application.isLarge(request) else { return application.respond(to: request, sink) }
    let application = application
    NIOThreadPool.singleton.submit { _ in application.respond(to: request, sink) }
  }

  // MARK: From call to call

  /// Called when a call is both read and answered.
  func next() {
    guard let context else { return }
    current = nil
    arrival = 0
    if isClosing { return context.close(promise: nil) }
    enter(.idle)
    pump()
    readOn()
  }

  /// Takes up calls that came too early.
  private func pump() {
    guard !isPumping else { return }
    isPumping = true
    defer { isPumping = false }
    while current?.isRead != true, phase != .lingering, current != nil || !isBlocked,
      let part = waiting.popFirst()
    {
      guard context != nil else { return }
      if current == nil { arrival = Clock.now() }
      process(part)
    }
  }
}
#endif
