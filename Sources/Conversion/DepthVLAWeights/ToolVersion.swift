/// The version of the toolkit, as bundles record it and `--version` prints it.
public enum ToolVersion {
  public static let current = "0.1.0"
}
