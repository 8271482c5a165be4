import DVLABundles
import DVLADiagnostics
import DVLAImages
import DVLAJSON
import DVLANumPyMessages
import DVLAObservations
import DVLAPipelines
import DVLAPolicyServer
import DVLAPolicyService
import DVLAQuantization
import DVLARemapping
import DVLARobots
import DVLATestSupport
import DepthVLAWeights
import Logging
import Testing

/// A tiny DepthVLA as a bundle of the robot `libero`, and what it is shown.
struct ServedFixture {
  static let state: [Double] = (0..<8).map { 0.25 * Double($0) - 1 }
  static let instruction = "pick up the red cup"
  static let side = 42

  let scratch: ScratchFolder
  var path: String { scratch("robot.dvla.safetensors") }

  init() throws {
    scratch = try ScratchFolder()
    try convert()
  }

  /// Writes the bundle anew, beside its place and then there, as a release is brought to a robot.
  ///
  /// - Parameter precision: what the weights are converted to; others give another bundle.
  func convert(_ checkpoint: String = "depthvla/plain", _ precision: Precision = .source) throws {
    let fixture = FixtureCheckpoint(checkpoint)
    let library = try ManifestLibrary.embedded()
    var options = ConversionOptions(recipe: .preset(precision))
    options.settings = try fixture.settings.map { ($0.key, try StrictJSON.parse($0.value)) }
    options.assets.given = [
      AssetChoice.Given(
        role: .tokenizer, family: fixture.family,
        path: FixtureFolder.path("tokenizers/tiny/tokenizer.model"))
    ]
    options.overwrite = true
    let source = try ImportedSource(path: fixture.path, library: library)
    _ = try Conversion(sources: [source], options: options, library: library).write(to: path)
  }

  var options: ServiceOptions {
    get throws {
      var options = ServiceOptions()
      options.robot = try Robot.preset("libero")
      options.version = "0.0.0"
      return options
    }
  }

  /// An observation as openpi's LIBERO client sends it.
  static func observation(
    _ instruction: String = instruction, shade: UInt8 = 0, side: Int = side,
    wishes: NumPyMap? = nil
  ) -> NumPyMap {
    let count = 3 * side * side
    func picture(_ factor: Int) -> NumPyValue {
      .array(
        NumPyArray(
          dtype: NumPyType(.unsigned, size: 1), shape: [side, side, 3],
          bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 * factor) &+ shade }))
    }
    var observation: NumPyMap = [
      "observation/image": picture(7), "observation/wrist_image": picture(13),
      "observation/state": .array(NumPyArray(state, shape: [state.count])),
      "prompt": .text(instruction),
    ]
    if let wishes { observation.append("depthvla", .map(wishes)) }
    return observation
  }

  static func message(_ observation: NumPyMap = observation()) -> [UInt8] {
    NumPyMessage.encode(.map(observation))
  }

  static func request(_ observation: NumPyMap = observation()) -> ServiceRequest {
    ServiceRequest(message(observation), allowing: .seconds(600))
  }
}

/// A server of the fixture on a free port, stopped at the end.
final class RunningServer {
  let fixture: ServedFixture
  let service: PolicyService
  let port: Int
  private let server: PolicyServer

  init(
    recorder: ObservationRecorder? = nil, loads: Bool = true,
    _ change: (inout ServerOptions) throws -> Void = { _ in }
  ) throws {
    fixture = try ServedFixture()
    service = PolicyService(
      path: fixture.path, options: try fixture.options, recorder: recorder)
    var options = ServerOptions()
    options.port = 0
    options.limits.lingerTime = .milliseconds(200)
    try change(&options)
    server = try PolicyServer(
      service, options: options,
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let address = try server.start()
    port = Int(address.split(separator: ":").last ?? "") ?? 0
    if loads { _ = try service.load() }
  }

  deinit { server.stop() }

  func client() throws -> RawClient { try RawClient(port: port) }

  /// A client that has shaken hands and read the metadata.
  func policyClient(_ headers: String = "") throws -> RawClient {
    let client = try client()
    #expect(client.shakeHands(headers).hasPrefix("HTTP/1.1 101 "))
    #expect(client.readFrame()?.opcode == 2)
    return client
  }

  /// Whether a client is answered now.
  func answers() throws -> Bool {
    let client = try policyClient()
    client.send(RawClient.frame(2, ServedFixture.message()))
    return client.readFrame()?.opcode == 2
  }

  func get(_ path: String, _ headers: String = "") throws -> String {
    let client = try client()
    client.send("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n")
    return client.readToEnd()
  }
}
