import DVLANumPyMessages
import DVLAPolicyServer
import Foundation
import Testing

/// What clients do and what becomes of them; after each, the next client is served.
struct ConnectionTests {
  /// The close frame's status of a frame that follows an error.
  static func status(_ frame: RawClient.Frame?) -> Int? {
    guard let frame, frame.opcode == 8, frame.payload.count >= 2 else { return nil }
    return Int(frame.payload[0]) << 8 | Int(frame.payload[1])
  }

  /// Expects an error with that code, the close of the connection, and a server that goes on.
  func expectError(_ code: String, _ client: RawClient, _ server: RunningServer) throws {
    let error = client.readFrame()
    #expect(error?.opcode == 1)
    #expect(error?.text.hasPrefix(code + ": ") == true, "\(error?.text ?? "no frame")")
    #expect(error?.text.contains("\n") == false)
    #expect(Self.status(client.readFrame()) == 1011)
    #expect(try server.answers())
    #expect(try server.get("/metrics").contains("depthvla_errors_total{code=\"\(code)\"} "))
  }

  @Test func anObservationIsAnsweredAndAnotherOne() throws {
    let server = try RunningServer()
    let client = try server.policyClient()
    for shade in 0..<3 {
      client.send(
        RawClient.frame(2, ServedFixture.message(ServedFixture.observation(shade: UInt8(shade)))))
      let frame = try #require(client.readFrame())
      #expect(frame.opcode == 2)
      guard case .map(let answer) = try NumPyMessage.decode(frame.payload),
        case .array(let actions)? = answer["actions"],
        case .map(let timing)? = answer["server_timing"]
      else {
        Issue.record("no answer")
        return
      }
      #expect(actions.shape == [8, 7])
      #expect(
        timing.entries.map(\.key) == (shade == 0 ? ["infer_ms"] : ["infer_ms", "prev_total_ms"]))
    }
  }

  @Test func aMessageMayComeInSeveralFrames() throws {
    let server = try RunningServer()
    let client = try server.policyClient()
    let message = ServedFixture.message()
    client.send(RawClient.frame(2, Array(message[..<100]), first: 0))
    // A ping between the parts is answered at once.
    client.send(RawClient.frame(9, [7]))
    #expect(client.readFrame() == RawClient.Frame(opcode: 10, payload: [7]))
    client.send(RawClient.frame(0, Array(message[100..<101]), first: 0))
    client.send(RawClient.frame(0, Array(message[101...])))
    #expect(client.readFrame()?.opcode == 2)
  }

  @Test func aClientThatClosesIsAnsweredWithItsStatus() throws {
    let server = try RunningServer()
    let client = try server.policyClient()
    client.send(RawClient.frame(8, [0x03, 0xe8]))
    #expect(Self.status(client.readFrame()) == 1000)
    #expect(client.readFrame() == nil)
  }

  @Test(arguments: [
    ("serve.text", RawClient.frame(1, Array("hello".utf8))),
    ("message.truncated", RawClient.frame(2)),
    ("serve.observation", RawClient.frame(2, [0x90])),
    ("serve.frame", RawClient.frame(2, [1], mask: nil)),
    ("serve.frame", RawClient.frame(2, [1], first: 0xc0)),
    ("serve.frame", RawClient.frame(3, [1])),
    ("serve.frame", RawClient.frame(0, [1])),
    ("serve.frame", RawClient.frame(2, [1], first: 0) + RawClient.frame(2, [1])),
    ("serve.frame", RawClient.frame(9, [1], first: 0)),
    ("serve.frame", RawClient.frame(9, [UInt8](repeating: 0, count: 126))),
  ])
  func framesThatAreNoObservationEndTheConnection(_ code: String, _ bytes: [UInt8]) throws {
    let server = try RunningServer()
    let client = try server.policyClient()
    client.send(bytes)
    try expectError(code, client, server)
  }

  @Test func aMessageThatIsTooLargeIsRefusedBeforeItHasCome() throws {
    let server = try RunningServer { $0.limits.messageByteCount = 1 << 20 }
    let client = try server.policyClient()
    client.send(RawClient.frame(2, announcing: 1 << 20 | 1))
    try expectError("serve.message-size", client, server)
    let other = try server.policyClient()
    let part = [UInt8](repeating: 0, count: 1 << 19)
    other.send(RawClient.frame(2, part, first: 0))
    other.send(RawClient.frame(0, part, first: 0))
    other.send(RawClient.frame(0, [0]))
    try expectError("serve.message-size", other, server)
  }

  @Test func aMessageOfTooManyFramesIsRefused() throws {
    let server = try RunningServer { $0.limits.fragmentCount = 3 }
    let client = try server.policyClient()
    client.send(RawClient.frame(2, [1], first: 0))
    for _ in 0..<3 { client.send(RawClient.frame(0, [1], first: 0)) }
    try expectError("serve.message-size", client, server)
  }

  @Test func aClientThatDoesNotWaitForAnswersIsRefused() throws {
    let server = try RunningServer()
    let client = try server.policyClient()
    let message = RawClient.frame(2, ServedFixture.message())
    for _ in 0..<100 { client.send(message) }
    var frames: [RawClient.Frame] = []
    while let frame = client.readFrame() { frames.append(frame) }
    let error = try #require(frames.first { $0.opcode == 1 })
    #expect(error.text.hasPrefix("serve.turn: "))
    #expect(try server.answers())
  }

  @Test func halfAHandshakeHoldsAConnectionForItsTimeAndNoLonger() throws {
    let server = try RunningServer { $0.limits.handshakeTime = .milliseconds(100) }
    let client = try server.client()
    client.send(RawClient.handshake)
    #expect(client.readToEnd() == "")
    #expect(try server.answers())
  }

  @Test func aHandshakeThatDoesNotEndIsCutOff() throws {
    // Not by time.
    let server = try RunningServer { $0.limits.handshakeTime = .seconds(600) }
    let client = try server.client()
    client.send(RawClient.handshake)
    for _ in 0..<2000 { client.send("X-Filler: \(String(repeating: "x", count: 90))\r\n") }
    _ = client.readToEnd()
    #expect(try server.answers())
  }

  @Test func halfAFrameHoldsAConnectionForItsTimeAndNoLonger() throws {
    let server = try RunningServer { $0.limits.messageTime = .milliseconds(100) }
    let client = try server.policyClient()
    client.send(Array(RawClient.frame(2, ServedFixture.message()).prefix(1000)))
    #expect(client.readFrame() == nil)
    #expect(try server.answers())
  }

  @Test func aMessageInPartsHasTheSameTime() throws {
    let server = try RunningServer { $0.limits.messageTime = .milliseconds(200) }
    let client = try server.policyClient()
    client.send(RawClient.frame(2, [1, 2, 3], first: 0))
    // Pongs in between do not make it longer.
    for _ in 0..<20 {
      client.send(RawClient.frame(10))
      Thread.sleep(forTimeInterval: 0.02)
    }
    #expect(client.readFrame() == nil)
    #expect(try server.answers())
  }

  @Test func moreControlFramesThanAnyoneNeedsEndTheConnection() throws {
    let server = try RunningServer()
    let client = try server.policyClient()
    client.send((0..<2000).flatMap { _ in RawClient.frame(10) })
    try expectError("serve.flood", client, server)
  }

  @Test func answersDoNotPileUpForAClientThatDoesNotRead() throws {
    let server = try RunningServer()
    let client = try server.policyClient()
    // Larger than what the system keeps for a client that does not read.
    let message = RawClient.frame(
      2,
      ServedFixture.message(
        ServedFixture.observation(side: 700, wishes: ["depth": .bool(true)])))
    for _ in 0..<6 {
      client.send(message)
      Thread.sleep(forTimeInterval: 0.3)
    }
    var error: RawClient.Frame?
    while let frame = client.readFrame() { if frame.opcode == 1 { error = frame } }
    #expect(error?.text.hasPrefix("serve.turn: ") == true)
  }

  @Test func silentConnectionsKeepNobodyOut() throws {
    let server = try RunningServer { $0.limits.connectionCount = 4 }
    let silent = try (0..<40).map { _ in try server.client() }
    #expect(try server.get("/healthz").hasPrefix("HTTP/1.1 200 "))
    #expect(try server.answers())
    #expect(silent.count == 40)
  }

  @Test func aClientThatSaysNothingForLongIsLetGo() throws {
    let server = try RunningServer {
      $0.limits.pingInterval = .milliseconds(20)
      $0.limits.silence = .milliseconds(100)
    }
    let client = try server.policyClient()
    var pings = 0
    while let frame = client.readFrame() { pings += frame.opcode == 9 ? 1 : 0 }
    #expect(pings > 0)
  }

  @Test func aClientThatAnswersPingsStays() throws {
    let server = try RunningServer {
      $0.limits.pingInterval = .milliseconds(20)
      $0.limits.silence = .milliseconds(200)
    }
    let client = try server.policyClient()
    for _ in 0..<20 {
      #expect(client.readFrame()?.opcode == 9)
      client.send(RawClient.frame(10))
    }
    client.send(RawClient.frame(2, ServedFixture.message()))
    var frame = client.readFrame()
    while frame?.opcode == 9 { frame = client.readFrame() }
    #expect(frame?.opcode == 2)
  }

  @Test func aClientThatTakesNoAnswersIsLetGo() throws {
    let server = try RunningServer {
      $0.limits.sendTime = .milliseconds(100)
      ($0.limits.controlBurst, $0.limits.controlRate) = (1_000_000, 1_000_000)
    }
    let client = try server.policyClient()
    let ping = RawClient.frame(9, [UInt8](repeating: 7, count: 125))
    let pings = [[UInt8]](repeating: ping, count: 8000).flatMap(\.self)
    // Until the server has closed, since nothing of what it says is read.
    for _ in 0..<40 { client.send(pings) }
    #expect(try server.answers())
  }

  @Test func oneClientTooManyIsToldSo() throws {
    let server = try RunningServer { $0.limits.connectionCount = 2 }
    var clients = [try server.policyClient(), try server.policyClient()]
    #expect(try server.client().shakeHands().hasPrefix("HTTP/1.1 503 "))
    #expect(try server.get("/healthz").hasPrefix("HTTP/1.1 200 "))
    clients.removeLast()
    while try server.client().shakeHands().hasPrefix("HTTP/1.1 503 ") {
      Thread.sleep(forTimeInterval: 0.01)
    }
  }

  @Test func aClientThatLeavesLetsTheOthersBeServed() throws {
    let server = try RunningServer()
    for _ in 0..<20 {
      let client = try server.policyClient()
      client.send(RawClient.frame(2, ServedFixture.message()))
    }
    #expect(try server.answers())
  }

  @Test func aServerThatStopsAnswersWhatWaitsAndSaysGoodbye() throws {
    var server: RunningServer? = try RunningServer()
    let client = try #require(try server?.policyClient())
    client.send(RawClient.frame(2, ServedFixture.message()))
    #expect(client.readFrame()?.opcode == 2)
    let idle = try #require(try server?.policyClient())
    server = nil
    #expect(Self.status(client.readFrame()) == 1001)
    #expect(Self.status(idle.readFrame()) == 1001)
    #expect(idle.readFrame() == nil)
  }
}
