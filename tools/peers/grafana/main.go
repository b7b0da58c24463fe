// Reads back what `obsctl dashboards push` wrote, through Grafana's own API client, and prints it
// as one JSON object. Arguments: the address of Grafana, the uids of
// the folder and the data source, the names of rule groups joined by commas,
// and the uids of dashboards. The token comes from GRAFANA_TOKEN.
package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"

	goapi "github.com/grafana/grafana-openapi-client-go/client"
	"github.com/grafana/grafana-openapi-client-go/client/provisioning"
	"github.com/grafana/grafana-openapi-client-go/client/search"
	"github.com/grafana/grafana-openapi-client-go/models"
)

type readBack struct {
	Folder     *models.Folder                           `json:"folder"`
	DataSource *models.DataSource                       `json:"dataSource"`
	Tagged     models.HitList                           `json:"tagged"`
	Dashboards map[string]*models.DashboardFullWithMeta `json:"dashboards"`
	Groups     map[string]*models.AlertRuleGroup        `json:"groups"`
	Rules      models.ProvisionedAlertRules             `json:"rules"`
	Points     models.ContactPoints                     `json:"points"`
	Timings    models.MuteTimings                       `json:"timings"`
	Policy     *models.Route                            `json:"policy"`
}

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(address, folder, dataSource, groups string, uids []string) error {
	target, err := url.Parse(address)
	if err != nil {
		return err
	}
	api := goapi.NewHTTPClientWithConfig(nil, &goapi.TransportConfig{
		Host:     target.Host,
		BasePath: strings.TrimSuffix(target.Path, "/") + "/api",
		Schemes:  []string{target.Scheme},
		APIKey:   os.Getenv("GRAFANA_TOKEN"),
	})
	found := readBack{
		Dashboards: map[string]*models.DashboardFullWithMeta{},
		Groups:     map[string]*models.AlertRuleGroup{},
	}
	folders, err := api.Folders.GetFolderByUID(folder)
	if err != nil {
		return err
	}
	found.Folder = folders.Payload
	sources, err := api.Datasources.GetDataSourceByUID(dataSource)
	if err != nil {
		return err
	}
	found.DataSource = sources.Payload
	hits, err := api.Search.Search(search.NewSearchParams().WithTag([]string{"obsctl"}))
	if err != nil {
		return err
	}
	found.Tagged = hits.Payload
	for _, uid := range uids {
		dashboard, err := api.Dashboards.GetDashboardByUID(uid)
		if err != nil {
			return err
		}
		found.Dashboards[uid] = dashboard.Payload
	}
	for _, name := range strings.Split(groups, ",") {
		group, err := api.Provisioning.GetAlertRuleGroup(name, folder)
		if err != nil {
			return err
		}
		found.Groups[name] = group.Payload
	}
	rules, err := api.Provisioning.GetAlertRules()
	if err != nil {
		return err
	}
	found.Rules = rules.Payload
	points, err := api.Provisioning.GetContactpoints(provisioning.NewGetContactpointsParams())
	if err != nil {
		return err
	}
	found.Points = points.Payload
	timings, err := api.Provisioning.GetMuteTimings()
	if err != nil {
		return err
	}
	found.Timings = timings.Payload
	policy, err := api.Provisioning.GetPolicyTree()
	if err != nil {
		return err
	}
	found.Policy = policy.Payload
	return json.NewEncoder(os.Stdout).Encode(found)
}
