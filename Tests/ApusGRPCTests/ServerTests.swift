#if Server
import ApusGRPC
import ApusServing
import ApusServingSchema
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2
import Synchronization
import Testing

@Suite("The gRPC server", .serialized)
struct ServerTests {
  @Test("A port that is in use is told in words")
  func portInUse() async throws {
    try await Loopback.run { loopback in
      _ = try await loopback.infer(.raw("echo", [("a", [1])]))
      var configuration = GRPCConfiguration()
      configuration.address = "127.0.0.1"
      configuration.port = loopback.port
      let second = try ApusGRPC.GRPCServer(
        configuration: configuration, service: loopback.service)
      do {
        try await second.run()
        Issue.record("no error")
      } catch {
        #expect(
          error as? GRPCServerError == .portInUse(address: "127.0.0.1", port: loopback.port))
        #expect(
          "\(error)".contains("is in use by another program; choose another with --grpc-port"))
      }
    }
  }

  @Test("Two servers share a port where both say so")
  func sharedPort() async throws {
    try await Loopback.run({ $0.reusesPort = true }) { loopback in
      _ = try await loopback.infer(.raw("echo", [("a", [1])]))
      var configuration = GRPCConfiguration()
      configuration.address = "127.0.0.1"
      configuration.port = loopback.port
      configuration.reusesPort = true
      let second = try ApusGRPC.GRPCServer(
        configuration: configuration, service: loopback.service)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await second.run() }
        #expect(try await second.listeningPort == loopback.port)
        second.beginGracefulShutdown()
        try await group.waitForAll()
      }
    }
  }

  @Test("Addresses: IPv6, names, and what is none")
  func addresses() async throws {
    let service = FakeService()
    for address in ["localhost", "::1"] {
      var configuration = GRPCConfiguration()
      configuration.address = address
      configuration.port = 0
      let server = try ApusGRPC.GRPCServer(configuration: configuration, service: service)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        #expect(try await server.listeningPort > 0)
        server.beginGracefulShutdown()
        try await group.waitForAll()
      }
    }
    var configuration = GRPCConfiguration()
    configuration.address = "no host"
    #expect(throws: GRPCServerError.self) {
      try ApusGRPC.GRPCServer(configuration: configuration, service: service)
    }
  }

  @Test("A graceful end finishes calls and streams under way")
  func drain() async throws {
    try await Loopback.run { loopback in
      let call = Task { try await loopback.infer(.raw("slow", id: "u", [("a", [1])])) }
      let stream = Task {
        try await loopback.stream([.raw("slow", id: "s", [("a", [1])])])
      }
      await loopback.service.waitForHeld(2)
      loopback.server.beginGracefulShutdown()
      try await Task.sleep(for: .milliseconds(200))
      let handles = loopback.service.state.withLock { $0.handles }
      #expect(handles.allSatisfy { !$0.isCancelled })
      loopback.service.release()
      #expect(try await call.value.id == "u")
      #expect(try await stream.value.map(\.inferResponse.id) == ["s"])
    }
  }

  @Test("TLS", arguments: [false, true])
  func tls(isMutual: Bool) async throws {
    let authority = try Certificates.file(Certificates.authority)
    let certificate = try Certificates.file(Certificates.certificate)
    let key = try Certificates.file(Certificates.key)
    defer {
      for path in [authority, certificate, key] {
        try? FileManager.default.removeItem(atPath: path)
      }
    }
    let roots = TLSConfig.TrustRootsSource.certificates([.file(path: authority, format: .pem)])
    let security: HTTP2ClientTransport.Posix.TransportSecurity =
      isMutual
      ? .mTLS(
        certificateChain: [.file(path: certificate, format: .pem)],
        privateKey: .file(path: key, format: .pem)
      ) {
        $0.trustRoots = roots
        $0.serverCertificateVerification = .noHostnameVerification
      }
      : .tls {
        $0.trustRoots = roots
        $0.serverCertificateVerification = .noHostnameVerification
      }
    try await Loopback.run(
      {
        $0.tls = GRPCConfiguration.TLSFiles(
          certificate: certificate, key: key, clientAuthorities: isMutual ? authority : nil)
      }, security: security
    ) { loopback in
      let response = try await loopback.infer(.raw("echo", [("a", [1, 2])]))
      #expect(response.rawOutputContents.first?.floats == [1, 2])
    }
  }

  @Test("A client without a certificate is not served where one is asked for")
  func missingCertificate() async throws {
    let authority = try Certificates.file(Certificates.authority)
    let certificate = try Certificates.file(Certificates.certificate)
    let key = try Certificates.file(Certificates.key)
    defer {
      for path in [authority, certificate, key] {
        try? FileManager.default.removeItem(atPath: path)
      }
    }
    try await Loopback.run(
      {
        $0.tls = GRPCConfiguration.TLSFiles(
          certificate: certificate, key: key, clientAuthorities: authority)
      },
      security: .tls {
        $0.trustRoots = .certificates([.file(path: authority, format: .pem)])
        $0.serverCertificateVerification = .noHostnameVerification
      }
    ) { loopback in
      var options = CallOptions.defaults
      options.timeout = .seconds(1)
      do {
        _ = try await loopback.infer(.raw("echo", [("a", [1])]), options: options)
        Issue.record("served")
      } catch { #expect(error is RPCError) }
    }
  }

  @Test("A file of TLS that is missing is told in words")
  func missingFile() async throws {
    var configuration = GRPCConfiguration()
    configuration.address = "127.0.0.1"
    configuration.port = 0
    configuration.tls = GRPCConfiguration.TLSFiles(
      certificate: "/no/certificate.pem", key: "/no/key.pem")
    let server = try ApusGRPC.GRPCServer(configuration: configuration, service: FakeService())
    do {
      try await server.run()
      Issue.record("no error")
    } catch { #expect("\(error)".contains("cannot use the files of TLS for gRPC")) }
  }
}
#endif
