package sandbox

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// defaultSettings are the effective account settings of a new account.
var defaultSettings = map[types.SettingName]string{
	types.SettingNameServiceLongArnFormat: "enabled", types.SettingNameTaskLongArnFormat: "enabled", types.SettingNameContainerInstanceLongArnFormat: "enabled",
	types.SettingNameAwsvpcTrunking: "disabled", types.SettingNameContainerInsights: "disabled", types.SettingNameFargateFipsMode: "disabled",
	types.SettingNameTagResourceAuthorization: "on", types.SettingNameFargateTaskRetirementWaitPeriod: "7", types.SettingNameGuardDutyActivate: "off",
	types.SettingNameDefaultLogDriverMode: "non-blocking",
}

func listAccountSettings(c *call, in *ecs.ListAccountSettingsInput) (*ecs.ListAccountSettingsOutput, error) {
	values := map[string]string{}
	if in.EffectiveSettings {
		for name, v := range defaultSettings {
			values[string(name)] = v
		}
	}
	for name, v := range c.w.ECS.Settings {
		values[name] = v
	}
	principal := aws.ToString(in.PrincipalArn)
	if principal == "" {
		principal = callerARN
	}
	var all []types.Setting
	for _, name := range sorted(values) {
		if in.Name != "" && string(in.Name) != name || in.Value != nil && *in.Value != values[name] {
			continue
		}
		s := types.Setting{Name: types.SettingName(name), Value: aws.String(values[name]), PrincipalArn: aws.String(principal), Type: types.SettingTypeUser}
		if s.Name == types.SettingNameGuardDutyActivate {
			s.Type = types.SettingTypeAwsManaged
		}
		all = append(all, s)
	}
	var size *int32
	if in.MaxResults != 0 {
		size = &in.MaxResults
	}
	all, next, err := page(all, in.NextToken, size, 10, 10)
	if err != nil {
		return nil, err
	}
	return &ecs.ListAccountSettingsOutput{Settings: orEmpty(all), NextToken: next}, nil
}

func putSetting(c *call, name types.SettingName, value, principal *string) (*types.Setting, error) {
	if !slices.Contains(name.Values(), name) || name == types.SettingNameGuardDutyActivate {
		return nil, invalid("Invalid setting name: %s", name)
	}
	if aws.ToString(value) == "" {
		return nil, invalid("Invalid value for setting %s.", name)
	}
	if aws.ToString(principal) == "" {
		principal = aws.String(callerARN)
	}
	c.w.ECS.Settings[string(name)] = *value
	return &types.Setting{Name: name, Value: value, PrincipalArn: principal, Type: types.SettingTypeUser}, nil
}

func putAccountSetting(c *call, in *ecs.PutAccountSettingInput) (*ecs.PutAccountSettingOutput, error) {
	s, err := putSetting(c, in.Name, in.Value, in.PrincipalArn)
	if err != nil {
		return nil, err
	}
	return &ecs.PutAccountSettingOutput{Setting: s}, nil
}

func putAccountSettingDefault(c *call, in *ecs.PutAccountSettingDefaultInput) (*ecs.PutAccountSettingDefaultOutput, error) {
	s, err := putSetting(c, in.Name, in.Value, nil)
	if err != nil {
		return nil, err
	}
	return &ecs.PutAccountSettingDefaultOutput{Setting: s}, nil
}
