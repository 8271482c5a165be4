import DVLADiagnostics
import DVLAPolicyServer
import DVLAPolicyService
import DVLATestSupport
import Foundation
import Testing

struct HTTPEndpointTests {
  @Test func healthAndReadinessAreTold() throws {
    let server = try RunningServer(loads: false)
    #expect(try server.get("/healthz").hasPrefix("HTTP/1.1 200 "))
    #expect(try server.get("/healthz").hasSuffix("\r\n\r\nOK\n"))
    #expect(try server.get("/readyz").hasPrefix("HTTP/1.1 503 "))
    // A client that comes too early is told so.
    #expect(try server.client().shakeHands().hasPrefix("HTTP/1.1 503 "))
    _ = try server.service.load()
    #expect(try server.get("/readyz").hasPrefix("HTTP/1.1 200 "))
    #expect(try server.get("/metrics").contains("depthvla_ready 1\n"))
  }

  @Test(arguments: [
    ("/", "HTTP/1.1 426 "), ("/other?healthz", "HTTP/1.1 426 "),
    ("/healthz?probe=1", "HTTP/1.1 200 "),
  ])
  func otherPathsSayWhatThereIs(_ path: String, _ status: String) throws {
    let server = try RunningServer(loads: false)
    #expect(try server.get(path).hasPrefix(status))
  }

  @Test func onlyReadingIsAllowed() throws {
    let server = try RunningServer(loads: false)
    let client = try server.client()
    client.send("POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
    #expect(client.readToEnd().hasPrefix("HTTP/1.1 405 "))
    let head = try server.client()
    head.send("HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(head.readToEnd().hasSuffix("\r\n\r\n"))
  }

  @Test func withKeysMetricsAndClientsNeedOne() throws {
    let server = try RunningServer { options in
      let folder = try ScratchFolder()
      options.keys = try APIKeys(path: try folder.write("0123456789abcdef\n", to: "keys"))
    }
    let key = "Authorization: Api-Key 0123456789abcdef\r\n"
    for wrong in ["", "Authorization: Api-Key 0123456789abcdeX\r\n", key + key] {
      #expect(try server.get("/metrics", wrong).hasPrefix("HTTP/1.1 401 "))
      #expect(try server.client().shakeHands(wrong).hasPrefix("HTTP/1.1 401 "))
    }
    #expect(try server.get("/metrics", key).hasPrefix("HTTP/1.1 200 "))
    #expect(try server.get("/healthz").hasPrefix("HTTP/1.1 200 "))
    _ = try server.policyClient(key)
  }

  @Test func aPageOfABrowserIsRefused() throws {
    let server = try RunningServer()
    #expect(
      try server.client().shakeHands("Origin: http://127.0.0.1\r\n").hasPrefix("HTTP/1.1 403 "))
  }

  @Test(arguments: ["12", "14", ""])
  func anotherVersionOfTheProtocolIsRefused(_ version: String) throws {
    let server = try RunningServer()
    let client = try server.client()
    client.send(
      RawClient.handshake.replacingOccurrences(
        of: "Version: 13", with: "Version: \(version)") + "\r\n")
    let answer = client.readToEnd()
    #expect(answer.hasPrefix("HTTP/1.1 400 "))
    #expect(answer.contains("Sec-WebSocket-Version: 13\r\n"))
  }

  @Test(arguments: ["0.0.0.0", "::"])
  func anAddressThatOthersReachNeedsKeysOrAWord(_ host: String) throws {
    #expect(throws: WeightsError(.init("serve.exposed"), .usage, "")) {
      try RunningServer(loads: false) { $0.host = host }
    }
    _ = try RunningServer(loads: false) {
      $0.host = host
      $0.allowsAnyone = true
    }
  }

  @Test func aPortThatIsTakenIsNamed() throws {
    let server = try RunningServer(loads: false)
    #expect(throws: WeightsError(.init("serve.address"), .unavailable, "")) {
      try RunningServer(loads: false) { $0.port = server.port }
    }
  }
}
