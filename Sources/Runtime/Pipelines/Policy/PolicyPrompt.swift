import DVLAFamilies
import DVLAModels
import DVLANormalization
import DVLATokenization

extension PaliGemmaPrompt.Style {
  /// The prompt a policy was trained with.
  init(family: String, _ processing: PolicyProcessing) {
    self =
      switch processing.library {
      case .lerobot, .earlyLeRobot: .lerobot
      case .openpi: .pi0
      case .transformers: .paligemma
      case nil: Family(rawValue: family) == .pi0 ? .pi0 : .paligemma
      }
  }

  var words: String {
    switch self {
    case .paligemma: "PaliGemma"
    case .pi0: "openpi"
    case .lerobot: "lerobot"
    }
  }
}

extension PolicyProcessing {
  /// What becomes of a prompt that is too long.
  var overflow: PaliGemmaPrompt.Overflow { cutsPrompts == true ? .cut : .refuse }

  /// Most tokens of a prompt, of which the configuration says so many: lerobot before October 2025
  /// fills prompts up to that and takes longer ones as they are.
  func tokenLimit(_ said: Int) -> Int { cutsPrompts == false ? ModelInputs.tokenLimit : said }
}
