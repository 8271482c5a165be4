import DVLAPolicyService
import Testing

struct ServiceMetricsTests {
  static let milliseconds = Duration.milliseconds(1)

  @Test func beforeTheFirstRequestEverythingIsZero() {
    let page = ServiceMetrics().text(ServiceMetrics.Gauges())
    #expect(page.contains("depthvla_ready 0\n"))
    #expect(page.contains("depthvla_requests_total 0\n"))
    #expect(page.contains("depthvla_request_seconds_bucket{le=\"+Inf\"} 0\n"))
    #expect(!page.contains("depthvla_bundle_info"))
    #expect(!page.contains("depthvla_recorded_total"))
  }

  @Test func bucketsCountEverythingUpToTheirBound() {
    let metrics = ServiceMetrics()
    for time in [1, 4, 400] {
      metrics.countRequest()
      metrics.count(
        ServiceMetrics.Durations(
          total: Self.milliseconds * time, waiting: .zero, forward: .seconds(1000)))
    }
    let page = metrics.text(ServiceMetrics.Gauges())
    for line in [
      // A bound belongs to its bucket.
      "depthvla_request_seconds_bucket{le=\"0.001\"} 1",
      "depthvla_request_seconds_bucket{le=\"0.0025\"} 1",
      "depthvla_request_seconds_bucket{le=\"0.005\"} 2",
      "depthvla_request_seconds_bucket{le=\"0.25\"} 2",
      "depthvla_request_seconds_bucket{le=\"0.5\"} 3",
      "depthvla_request_seconds_bucket{le=\"+Inf\"} 3", "depthvla_request_seconds_count 3",
      "depthvla_request_seconds_sum 0.405", "depthvla_forward_seconds_bucket{le=\"300.0\"} 0",
      "depthvla_forward_seconds_bucket{le=\"+Inf\"} 3", "depthvla_answers_total 3",
    ] {
      #expect(page.contains(line + "\n"), "\(line)")
    }
  }

  @Test func valuesOfLabelsAreEscaped() {
    var gauges = ServiceMetrics.Gauges()
    gauges.isReady = true
    gauges.bundle = [("root", "ab12"), ("robot", "a \"b\"\n\\c")]
    let page = ServiceMetrics().text(gauges)
    #expect(
      page.contains(#"depthvla_bundle_info{root="ab12",robot="a \"b\"\n\\c"} 1"# + "\n"))
  }

  @Test func errorsAndRefusedBundlesAreCountedByCode() {
    let metrics = ServiceMetrics()
    for code in ["b.second", "a.first", "b.second"] { metrics.count(errorCode: code) }
    metrics.countReload(refusedFor: "signature.missing")
    metrics.countReload(refusedFor: nil)
    let page = metrics.text(ServiceMetrics.Gauges())
    let lines = page.split(separator: "\n").filter { $0.hasPrefix("depthvla_errors_total{") }
    #expect(
      lines == [
        "depthvla_errors_total{code=\"a.first\"} 1", "depthvla_errors_total{code=\"b.second\"} 2",
      ])
    #expect(page.contains("depthvla_reloads_total 1\n"))
    #expect(
      page.contains("depthvla_reloads_refused_total{code=\"signature.missing\"} 1\n"))
    #expect(metrics.totals == (0, 0, 3))
  }
}
