public import DVLAObservations
import Synchronization

/// What a server counts, and the text in which Prometheus reads it (version 0.0.4).
public final class ServiceMetrics: Sendable {
  private struct Counts {
    var requests = 0
    var answers = 0
    var errors: [String: Int] = [:]
    var reloads = 0
    var refusedReloads: [String: Int] = [:]
    var total = Histogram()
    var waiting = Histogram()
    var forward = Histogram()
  }

  /// What is read at the moment of asking.
  public struct Gauges: Sendable {
    public var isReady = false
    /// Names and values that say which bundle is served; empty before one is.
    public var bundle: [(label: String, value: String)] = []
    public var connections = 0
    public var queued = 0
    /// Nil without a recorder.
    public var recordings: ObservationRecorder.Counts?

    public init() {}
  }

  private let counts = Mutex(Counts())

  public init() {}

  /// The durations of an answered request.
  public struct Durations: Sendable {
    public var total, waiting, forward: Duration

    public init(total: Duration, waiting: Duration, forward: Duration) {
      (self.total, self.waiting, self.forward) = (total, waiting, forward)
    }
  }

  /// How many requests came, were answered, and how many errors clients were told.
  public var totals: (requests: Int, answers: Int, errors: Int) {
    counts.withLock { ($0.requests, $0.answers, $0.errors.values.reduce(0, +)) }
  }

  public func countRequest() { counts.withLock { $0.requests += 1 } }

  public func count(_ durations: Durations) {
    counts.withLock {
      $0.answers += 1
      $0.total.add(durations.total)
      $0.waiting.add(durations.waiting)
      $0.forward.add(durations.forward)
    }
  }

  public func count(errorCode code: String) {
    counts.withLock { $0.errors[code, default: 0] += 1 }
  }

  /// - Parameter code: of the error for which the bundle was refused; nil when it was taken.
  public func countReload(refusedFor code: String?) {
    counts.withLock {
      if let code { $0.refusedReloads[code, default: 0] += 1 } else { $0.reloads += 1 }
    }
  }

  public func text(_ gauges: Gauges) -> String {
    let counts = counts.withLock { $0 }
    var page = PrometheusPage()
    page.add("depthvla_ready", .gauge, "Whether requests are answered.", gauges.isReady ? 1 : 0)
    if !gauges.bundle.isEmpty {
      page.add(
        "depthvla_bundle_info", .gauge, "The bundle that is served.",
        [(labels: gauges.bundle, value: 1)])
    }
    page.add("depthvla_connections", .gauge, "Open connections.", gauges.connections)
    page.add(
      "depthvla_queue_length", .gauge, "Requests that wait or are being answered.", gauges.queued)
    page.add("depthvla_requests_total", .counter, "Observations that came.", counts.requests)
    page.add("depthvla_answers_total", .counter, "Observations that were answered.", counts.answers)
    page.add("depthvla_errors_total", .counter, "Errors, by code.", counts.errors)
    page.add(
      "depthvla_request_seconds", "From the last byte of an observation to its answer.",
      counts.total)
    page.add("depthvla_queue_seconds", "Waiting for other requests.", counts.waiting)
    page.add("depthvla_forward_seconds", "The forward pass.", counts.forward)
    page.add("depthvla_reloads_total", .counter, "Bundles that took over.", counts.reloads)
    page.add(
      "depthvla_reloads_refused_total", .counter, "Bundles that were refused, by code.",
      counts.refusedReloads)
    if let recordings = gauges.recordings {
      page.add(
        "depthvla_recorded_total", .counter, "Observations that were recorded.",
        recordings.written)
      page.add(
        "depthvla_recordings_dropped_total", .counter,
        "Observations that were not recorded, by reason.",
        ["busy": recordings.dropped, "failed": recordings.failed], label: "reason")
    }
    return page.text
  }
}
