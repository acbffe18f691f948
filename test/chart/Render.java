import com.marcnuri.helm.Helm;
import com.marcnuri.helm.TemplateCommand;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Renders a chart once for each set of values: java Render.java CHART INTO KUBE_VERSION
 * NAME=FILE,FILE ... writes INTO/NAME.yaml, or INTO/NAME.error with what Helm said instead. The
 * sets are rendered by one process, since its start takes longer than a set.
 */
public class Render {
  public static void main(String[] args) throws Exception {
    Helm helm = new Helm(Path.of(args[0]));
    Path into = Path.of(args[1]);
    for (int i = 3; i < args.length; i++) {
      String[] set = args[i].split("=", 2);
      try {
        Files.writeString(into.resolve(set[0] + ".yaml"), render(helm, args[2], set[1]));
      } catch (RuntimeException e) {
        Files.writeString(into.resolve(set[0] + ".error"), String.valueOf(e.getMessage()));
      }
    }
  }

  private static String render(Helm helm, String kubeVersion, String files) {
    TemplateCommand template =
        helm.template().withName("bank").withNamespace("ledger").withKubeVersion(kubeVersion);
    for (String file : files.split(",")) {
      if (!file.isEmpty()) template = template.withValuesFile(Path.of(file));
    }
    return template.call();
  }
}
