import DVLADiagnostics
import DVLAPages
import DepthVLAWeights

/// What `gate` found as one page: the verdict and its reasons first, then what they rest on.
struct GatePage {
  let report: GateReport
  /// Fingerprint of the key that signs the verdict; nil where it is not signed.
  let verdictKey: String?

  init(_ report: GateReport, signedBy verdictKey: String? = nil) {
    self.report = report
    self.verdictKey = verdictKey
  }

  /// The same bytes for the same report.
  ///
  /// - Throws: `depth.not-finite`; `image.memory` and `image.encode` for a picture of depth.
  func html() throws(WeightsError) -> String {
    var body = GateVerdict(report).markup
    body += GateLimits(report).markup
    body += GateActions(report).markup
    body += try GateDepth(report).markup()
    body += GateInside(report).markup
    body += GateOrigins(report, verdictKey: verdictKey).markup
    body += GateGlossary.markup
    return Page(title: title, body: body).html
  }

  private var title: String {
    "\(report.passed ? "Ship" : "Do not ship"): \(Self.fileName(report.candidate.path))"
  }

  static func fileName(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  /// A change as a share, with its sign: `+1 %`.
  static func percent(_ share: Double) -> String {
    let text = Digits.three(abs(share) < 5e-7 ? 0 : share * 100)
    return (share > 0 && text != "0" ? "+" : "") + text + " %"
  }
}
