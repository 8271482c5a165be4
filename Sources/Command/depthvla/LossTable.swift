import DVLADiagnostics
import DVLAQuantization
import DVLATensors

/// The tensors that conversion cost most, for a person.
struct LossTable {
  private let losses: [(name: TensorName, error: QuantizationError)]
  private static let shownCount = 5

  init(_ losses: [(TensorName, QuantizationError)]) {
    self.losses = losses.map { ($0.0, $0.1) }
  }

  /// Nothing where nothing was lost.
  var words: String {
    let ranked = losses.compactMap { name, error in
      error.signalToNoiseRatio.map { (ratio: $0, name: name, error: error) }
    }.sorted { ($0.ratio, $0.name) < ($1.ratio, $1.name) }
    guard !ranked.isEmpty else { return "" }
    var text = "largest losses\n SQNR dB  max error  rms error  tensor\n"
    for (ratio, name, error) in ranked.prefix(Self.shownCount) {
      text += Units.fixed(ratio, 2).leftPadded(8)
      text += Units.scientific(error.maximumAbsoluteError).leftPadded(11)
      text += Units.scientific(error.rootMeanSquareError).leftPadded(11)
      text += "  \(name.string.escapedForTerminal)\n"
    }
    return text
  }
}
