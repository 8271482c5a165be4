import DVLABundles
public import DVLADiagnostics
import DVLAHashing
import DVLAMessagePack
import DVLANumPyMessages
public import DVLAObservations
import DVLAPipelines
import DVLARobots
import DVLATensors
import Synchronization

/// A bundle that answers the observations of robots' programs, message by message, and that can be
/// replaced by a new one while it does.
///
/// It knows nothing of the network: messages go in and come out as bytes.
public final class PolicyService: Sendable {
  public let path: String
  private let options: ServiceOptions
  private let recorder: ObservationRecorder?
  private let served = Mutex<ServedBundle?>(nil)
  private let turn = Mutex(())
  private let seed: Atomic<UInt64>
  private let counts = ServiceMetrics()
  /// Whether the file of the bundle that is served was found to be another than it was.
  private let isRuined = Atomic(false)

  /// Prepares to serve a bundle. Nothing is read yet.
  public init(path: String, options: ServiceOptions, recorder: ObservationRecorder? = nil) {
    self.path = path
    self.options = options
    self.recorder = recorder
    seed = Atomic(options.firstSeed)
  }

  /// What is said of a bundle that was taken.
  public struct Summary: Sendable {
    public let root: String
    public let release: Int?
    public let family: String
    public let robot: String
    /// The processing of states, prompts and actions, in words, in order.
    public let steps: [String]
  }

  /// Opens the bundle, checks every byte of it, loads it and tries it, beside the one that is
  /// served, if there is one; then it takes over between two requests.
  ///
  /// - Throws: what ``ServedBundle`` throws; `serve.other-robot` where clients of the old bundle
  ///   could not go on with the new one; `signature.release` for an older release than the one that
  ///   is served. Then the old bundle goes on.
  public func load() throws(WeightsError) -> Summary {
    // One at a time, so that the memory of two bundles is enough.
    try turn.withLock { (_) throws(WeightsError) in
      let old = served.withLock { $0 }
      do throws(WeightsError) {
        let trust = try options.trust().raised(to: old?.release)
        let new = try ServedBundle(path: path, options: options, trust: trust)
        if let old, !new.hasContract(of: old) {
          throw WeightsError(
            .serveOtherRobot, .usage, file: path,
            "clients of the bundle that is served could not go on with it: expected the same robot, "
              + "horizon and width of actions, and depth or none as before; stop the server and "
              + "start it anew")
        }
        served.withLock { $0 = new }
        isRuined.store(false, ordering: .relaxed)
        if old != nil { counts.countReload(refusedFor: nil) }
        return new.summary
      } catch {
        if old != nil { counts.countReload(refusedFor: error.code.rawValue) }
        throw error
      }
    }
  }

  /// Whether a bundle is loaded, and still sound as far as is known.
  public var isReady: Bool { served.withLock { $0 != nil } && !isRuined.load(ordering: .relaxed) }

  /// The message that a client gets first; nil before a bundle is loaded.
  public var greeting: [UInt8]? { served.withLock { $0 }.map { NumPyMessage.encode($0.greeting) } }

  /// The answer to an observation.
  ///
  /// - Throws: `message.*`, `observation.*`, `serve.*`; what acting throws.
  public func answer(_ request: ServiceRequest) throws(WeightsError) -> [UInt8] {
    do throws(WeightsError) { return try computeAnswer(to: request) } catch {
      // Rows of embeddings are read when they are needed, and the file may be another by then.
      if error.file == path, error.isOfFile { isRuined.store(true, ordering: .relaxed) }
      throw error
    }
  }

  private func computeAnswer(to request: ServiceRequest) throws(WeightsError) -> [UInt8] {
    let start = ContinuousClock.now
    guard let served = served.withLock({ $0 }) else {
      preconditionFailure("clients are taken when a bundle is loaded")
    }
    try request.checkIsWanted()
    guard
      case .map(var message) = try NumPyMessage.decode(
        request.message, limits: MessageLimits(maximumByteCount: options.messageByteCount))
    else {
      throw WeightsError(.serveObservation, "expected a map of the observation's values")
    }
    let wishes = try RequestWishes(
      message.remove(RequestWishes.key), noiseShape: served.policy.noiseShape)
    let observation = try served.robot.observation(
      message, defaultInstruction: options.defaultInstruction)
    let noise =
      wishes.noise
      ?? RequestNoise(
        seed: wishes.seed ?? seed.wrappingAdd(1, ordering: .relaxed).oldValue, for: served.policy)
    let action = try served.act(
      on: observation, noise: noise.values, wantsDepth: wishes.depth, while: request)
    let answer = NumPyMessage.encode(
      action.message(
        noise: noise, wishes, inferring: .now - start, previousTotal: request.previousTotal,
        root: served.bundle.root.hex))
    record(observation, noise, action, of: served)
    counts.count(
      ServiceMetrics.Durations(
        total: .now - request.arrival, waiting: start - request.arrival, forward: action.forward))
    return answer
  }

  /// Keeps an answer. The client has it whether that works or not.
  private func record(
    _ observation: RobotObservation, _ noise: RequestNoise, _ action: ServedAction,
    of served: ServedBundle
  ) {
    guard let recorder else { return }
    do throws(WeightsError) {
      recorder.record(
        try served.recording(of: observation, noise: noise, action, time: UTCTime.now))
    } catch { count(error) }
  }

  /// How many requests came, were answered, and how many errors clients were told.
  public var requestCounts: (requests: Int, answers: Int, errors: Int) { counts.totals }

  /// Counts an observation that came.
  public func countRequest() { counts.countRequest() }

  /// Counts an error that a client is told.
  public func count(_ error: WeightsError) { counts.count(errorCode: error.code.rawValue) }

  /// The page of metrics.
  public func metrics(connections: Int, queued: Int, isReady: Bool) -> String {
    var gauges = ServiceMetrics.Gauges()
    gauges.isReady = isReady
    gauges.connections = connections
    gauges.queued = queued
    gauges.bundle = served.withLock { $0 }?.labels ?? []
    gauges.recordings = recorder?.counts
    return counts.text(gauges)
  }
}

extension WeightsError {
  /// Whether the bundle itself is damaged or gone.
  public var isOfFile: Bool {
    ["bundle.", "file.", "zstd."].contains { code.rawValue.hasPrefix($0) }
  }
}

extension WeightsError.Code {
  /// A message that is no observation at all.
  static let serveObservation = Self("serve.observation")
  /// A bundle that was to take over is for another robot, or answers in another form.
  static let serveOtherRobot = Self("serve.other-robot")
}
