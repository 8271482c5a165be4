import DVLADiagnostics
import DVLADrift
import DVLAImages
import DVLAPages
import DVLATensors
import DepthVLAWeights

/// The depth maps of a gate's page: picture, reference, candidate and their difference.
struct GateDepth {
  private let report: GateReport

  /// More would make the page large and say little more.
  private static let shownCount = 3
  /// Of the pixels, by which the scale of differences is chosen: a few odd ones would pale the
  /// rest.
  private static let colouredShare = 0.99

  init(_ report: GateReport) { self.report = report }

  /// Nothing for a model without depth.
  ///
  /// - Throws: as ``GatePage/html()``.
  func markup() throws(WeightsError) -> Markup {
    guard !report.depth.isEmpty else { return "" }
    var content: Markup = ""
    for sample in report.depth.prefix(Self.shownCount) { content += try part(sample) }
    return Section.part(
      "What the robot would see",
      lead: """
        The depth maps with the largest relative error. Reference and candidate have one colour \
        scale, in the reference’s unit. The difference is a share of the reference’s depth: white is \
        none, red is further away and blue nearer.
        """, content)
  }

  private func part(_ sample: GateReport.DepthSample) throws(WeightsError) -> Markup {
    let scale = ColourScale(
      of: [sample.reference, sample.candidate], in: .spectralReversed, unit: "")
    let change = Tensor(
      zip(sample.candidate.values, sample.reference.values).map { candidate, reference in
        reference == 0 ? 0 : (candidate - reference) / reference * 100
      }, shape: sample.reference.shape)
    let difference = ColourScale(
      around: change, share: Self.colouredShare, in: .redWhiteBlueReversed, unit: "%")
    let file =
      report.observations.indices.contains(sample.observation)
      ? report.observations[sample.observation].file : ""
    var text = Section.heading("\(file), camera \(sample.camera)")
    text += "<div class=\"pictures\">\n"
    text += try Picture(
      sample.picture, caption: "Picture", description: "What the camera saw"
    ).markup()
    text += try Picture(
      try scale.picture(of: sample.reference), caption: "Reference",
      description: "Depth of the reference"
    ).markup()
    text += try Picture(
      try scale.picture(of: sample.candidate), caption: "Candidate",
      description: "Depth of the candidate"
    ).markup()
    text += try Picture(
      try difference.picture(of: change), caption: "Difference",
      description: "Candidate less reference"
    ).markup()
    text += try scale.legend("Depth of reference and candidate", isOfBoth: true)
    text += try difference.legend("(Candidate − reference) / reference")
    text += "</div>\n"
    let isSmall = change.values.allSatisfy { abs($0) < 1 }
    return text + measures(sample, isSmall: isSmall)
  }

  private func measures(_ sample: GateReport.DepthSample, isSmall: Bool) -> Markup {
    let drift = sample.drift
    var text: Markup = isSmall ? "Every pixel differs by less than 1 %. " : ""
    text += """
      Relative error \(percent(drift.absRel)), RMS error \(Digits.three(drift.rmse)), error beyond \
      a common factor \(Digits.three(drift.silog)); \(percent(drift.delta)) of the pixels are \
      within 25 % of the reference.
      """
    if let error = drift.edgeAbsRel, let breaks = drift.edgeBreaks {
      text += """
         At edges the relative error is \(percent(error)), and \(percent(breaks)) of \
        the edges are broken.
        """
    }
    return Section.note(text)
  }

  private func percent(_ share: Double) -> String {
    "\(Digits.three(share * 100, apartFrom: [0, 100])) %"
  }
}
