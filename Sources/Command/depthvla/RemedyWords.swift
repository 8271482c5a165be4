import DVLADiagnostics

extension Remedy {
  /// How the user of this command line would apply it; nil where the command has no such option.
  ///
  /// - Parameter command: the subcommand that ran: `convert`.
  func words(in command: String) -> String? {
    switch self {
    case .set(let keys):
      (command == "run" ? "convert it with " : "pass ")
        + keys.map { "--set \($0.escapedForTerminal)=…" }.joined(separator: " ")
    case .setValue(let key, let value):
      (command == "convert" ? "pass" : "convert it with")
        + " --set \(key.escapedForTerminal)=\(value.escapedForTerminal)"
    case .initialiseMissing:
      command == "convert" ? "--init-missing SEED draws what no source has" : nil
    case .choosePrefix(let prefixes):
      switch prefixes.count {
      case 1: "pass --prefix \(prefixes[0].quotedForShell) to take the model alone"
      case 2...4:
        "choose one with "
          + prefixes.map { "--prefix \($0.quotedForShell)" }.joined(separator: " or ")
      default: "choose one with --prefix"
      }
    case .chooseSource(let component, let families):
      "choose one with --take "
        + families.map { "\(component)=\($0)".escapedForTerminal }.joined(separator: " or --take ")
    case .chooseFamily(let families):
      "choose one with --family "
        + families.map(\.escapedForTerminal).joined(separator: " or ")
    case .giveManifest: "pass --manifest PATH if you have a manifest for this naming"
    case .giveAsset(let kind, let family):
      "pass \(Self.option(kind)) \(family.map { $0.escapedForTerminal + "=" } ?? "")FILE"
    case .leaveOutAssets: "--no-assets leaves such files out"
    case .givePassphrase: "pass --passphrase-file FILE"
    case .overwrite: "--force replaces it"
    case .allowNonFinite: "--allow-non-finite accepts it"
    case .choosePrecision(let precisions):
      "pass --precision \(precisions.joined(separator: " or ")) to convert it to floats"
    case .chooseNaming(let dtypes):
      "pass --family and --naming to export another form"
        + (dtypes.isEmpty ? "" : ", with --dtype \(dtypes.joined(separator: " or "))")
    case .resume: "--resume continues from the work that was kept"
    case .startOver: "without --resume that work is removed and the conversion starts over"
    case .acceptUnknownKeys: "remove it, or omit --strict"
    case .restrictClients:
      "pass --api-key-file FILE to ask for one, or --allow-anyone to answer everybody"
    }
  }

  private static func option(_ kind: AssetKind) -> String {
    switch kind {
    case .tokenizer: "--tokenizer"
    case .preprocessor: "--preprocessor"
    case .statistics: "--statistics"
    case .robot: "--robot"
    }
  }
}

extension WeightsError {
  /// The error on one line, with its remedies.
  func line(in command: String) -> String {
    ([description] + remedyWords(in: command)).joined(separator: "; ")
  }

  /// The message without file and tensor, with its remedies.
  func message(in command: String) -> String {
    ([message] + remedyWords(in: command)).joined(separator: "; ")
  }

  private func remedyWords(in command: String) -> [String] {
    remedies.compactMap { $0.words(in: command) }
  }
}

extension String {
  /// The text as one word of a POSIX shell.
  var quotedForShell: String {
    let isPlain =
      !isEmpty
      && utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
          UInt8(ascii: "-"), UInt8(ascii: "/"):
          true
        default: false
        }
      }
    return isPlain
      ? self : "'" + escapedForTerminal.replacing("'", with: "'\\''") + "'"
  }
}
